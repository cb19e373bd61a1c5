/** Reads the identity from a verified ID token. */
import type { Claims } from '../../core/tokens/claims';
import type { VerifiedIdentity } from './identity';
import type { ProviderDefinition } from './provider-options';
import { IdentityRefused } from './refusal';

/** @throws IdentityRefused if a verified e-mail address is required and missing */
export function identityOf(claims: Claims, provider: ProviderDefinition): VerifiedIdentity {
  const email = isEmailVerified(claims, provider) ? textOf(claims['email']) : undefined;
  if (email === undefined && provider.requireVerifiedEmail)
    throw new IdentityRefused('The e-mail address is not verified', 'email_not_verified');
  return Object.freeze({
    provider: provider.name,
    issuer: provider.issuer,
    subject: claims['sub'] as string,
    email,
    username: usernameOf(claims, provider),
    givenName: textOf(claims['given_name']) ?? '',
    familyName: textOf(claims['family_name']) ?? '',
    claims,
  });
}

// OpenID Connect Core §5.1: a boolean. Cognito may write it as text; Entra has an optional claim with another name.
function isEmailVerified(claims: Claims, { kind }: ProviderDefinition): boolean {
  if (kind === 'entra') return ([true, 1, '1', 'true'] as unknown[]).includes(claims['xms_edov']);
  return claims['email_verified'] === true || (kind === 'aws' && claims['email_verified'] === 'true');
}

// Names are for display only. Anything that is not a valid name is dropped.
function usernameOf(claims: Claims, { kind }: ProviderDefinition): string | undefined {
  const name = claims[kind === 'aws' ? 'cognito:username' : 'preferred_username'];
  return typeof name === 'string' && /^[A-Za-z0-9@.+_-]{1,150}$/.test(name) ? name : undefined;
}

function textOf(value: unknown): string | undefined {
  const isText = typeof value === 'string' && value !== '' && value.length <= 254 && !value.includes('\0');
  return isText ? value : undefined;
}

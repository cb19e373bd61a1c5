/** The identity that a provider's tokens prove, after all checks. */
import type { Claims } from '../../core/tokens/claims';
import type { Identity } from '../users/user';

/** The tokens of an identity provider. Only `id_token` is required; the rest of the provider's answer is ignored. */
export interface ProviderTokens {
  readonly id_token: string;
  readonly access_token?: string | undefined;
  /** The nonce that our login sent. The ID token must contain it. */
  readonly nonce?: string | undefined;
}

/** A user whose provider's tokens have been verified. */
export interface VerifiedIdentity extends Identity {
  /** The name of the provider in the configuration. */
  readonly provider: string;
  /** The e-mail address, only if the provider says that it is verified. */
  readonly email: string | undefined;
  /** The user's name at the provider. For display only: it must not decide anything. */
  readonly username: string | undefined;
  /** Empty if the provider does not send it. */
  readonly givenName: string;
  readonly familyName: string;
  /** The claims of the ID token. */
  readonly claims: Claims;
}

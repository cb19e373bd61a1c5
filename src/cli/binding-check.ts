/** The doctor's checks of the keys that a token is bound to, against the settings `dpop` (RFC 9449 §6) and `mtls` (RFC 8705 §3). */
import { InvalidToken } from '../core/http/exceptions';
import type { Claims } from '../core/jws/compact-jws';
import type { Settings } from '../core/settings/settings';
import { bindingOf, type Binding } from '../core/tokens/binding';
import { check, type Check } from './token-checks';

/**
 * Checks whether the settings fit the token, and what was sent with it.
 *
 * @param settings those of the token's issuer
 */
export function bindingChecks(claims: Claims, settings: Settings, hasProof: boolean): readonly Check[] {
  const binding = bindingFound(claims);
  if (binding !== undefined)
    return [...keyChecks(binding, settings, hasProof), ...certificateChecks(binding, settings)];
  const expected = 'cnf with jkt, x5t#S256 or both';
  return [check('token: binding', false, expected, 'a cnf with something else', unreadable)];
}

function keyChecks(binding: Binding, { dpop }: Settings, hasProof: boolean): readonly Check[] {
  const name = 'token: binding';
  if (binding.jkt === undefined) {
    if (dpop !== 'required' && !hasProof) return [];
    return [check(name, false, 'a token that is bound to a DPoP key (cnf.jkt)', 'no cnf.jkt', unbound)];
  }
  if (dpop === 'off') return [check(name, false, "the setting 'dpop' allowed or required", 'off', isOff)];
  return [check(name, hasProof, 'cnf.jkt, and a proof of that key', hasProof ? 'both' : 'no proof', unproved)];
}

// RFC 8705 §3. Only a connection has the certificate, and this command makes none.
function certificateChecks({ 'x5t#S256': bound }: Binding, { mtls }: Settings): readonly Check[] {
  const name = 'token: certificate';
  const expected = 'a connection with the certificate of cnf.x5t#S256';
  if (bound === undefined)
    return mtls === 'required' ? [check(name, false, 'a token with cnf.x5t#S256', 'no cnf.x5t#S256', uncertified)] : [];
  if (mtls === 'off') return [check(name, false, "the setting 'mtls' allowed or required", 'off', mtlsIsOff)];
  return [{ name, state: 'skipped', expected, seen: 'no certificate to check' }];
}

/** Returns the thumbprint of the certificate that a token is bound to. */
export function boundCertificateOf(claims: Claims | undefined): string | undefined {
  return claims === undefined ? undefined : bindingFound(claims)?.['x5t#S256'];
}

const uncertified =
  'let the client show its certificate to the token endpoint, too, so that the issuer binds the token to it';
const mtlsIsOff = "set 'mtls' (AXIOMS_MTLS) to allowed, and let the server or its proxy ask for client certificates";
const unreadable =
  'let the issuer bind the token to the thumbprint of a key (cnf.jkt): this library refuses what it cannot check';
const unbound = 'let the client send a proof to the token endpoint, too, so that the issuer binds the token to its key';
const isOff = "set 'dpop' (AXIOMS_DPOP) to allowed, and 'externalUrl' (AXIOMS_EXTERNAL_URL)";
const unproved = "send 'Authorization: DPoP' with a proof in the header field DPoP; check that proof with --proof";

function bindingFound(claims: Claims): Binding | undefined {
  try {
    return bindingOf(claims);
  } catch (error) {
    if (error instanceof InvalidToken) return undefined;
    throw error;
  }
}

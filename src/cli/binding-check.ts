/** The doctor's check of the key that a token is bound to (RFC 9449 §6), against the setting `dpop`. */
import { InvalidToken } from '../core/http/exceptions';
import type { Claims } from '../core/jws/compact-jws';
import type { Settings } from '../core/settings/settings';
import { bindingOf, type Binding } from '../core/tokens/binding';
import { check, type Check } from './token-checks';

/**
 * Checks whether the setting fits the token, and what was sent with it.
 *
 * @param settings those of the token's issuer
 */
export function bindingChecks(claims: Claims, { dpop }: Settings, hasProof: boolean): readonly Check[] {
  const name = 'token: binding';
  const binding = bindingFound(claims);
  if (binding === undefined)
    return [check(name, false, 'cnf with jkt, x5t#S256 or both', 'a cnf with something else', unreadable)];
  if (binding.jkt === undefined) {
    if (dpop !== 'required' && !hasProof) return [];
    return [check(name, false, 'a token that is bound to a DPoP key (cnf.jkt)', 'no cnf.jkt', unbound)];
  }
  if (dpop === 'off') return [check(name, false, "the setting 'dpop' allowed or required", 'off', isOff)];
  return [check(name, hasProof, 'cnf.jkt, and a proof of that key', hasProof ? 'both' : 'no proof', unproved)];
}

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

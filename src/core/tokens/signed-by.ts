/** Which of an issuer's keys verifies a signature, also where the issuer has new key material under the old name. */
import type { JwksManager } from '../issuers/jwks-manager';
import type { KeyName, VerificationKey } from '../issuers/key-set';
import { verifySignature } from '../jws/signature';
import { after, isPending, type Soon } from '../time/soon';

/** What was signed, and its signature. */
export interface Signed {
  readonly signingInput: string;
  readonly signature: Buffer;
}

/**
 * Returns the issuer's key that verifies the signature, or `undefined` if none does. A signature that fails may be one by
 * a key that replaced the known one under its `kid`: the keys are then fetched again, as far as the budget for that allows.
 *
 * @throws InvalidToken where the issuer is not trusted or has no such key.
 * @throws ServiceUnavailable where that cannot be known at the moment.
 */
export function keyThatSigned(
  signed: Signed,
  name: KeyName,
  keys: JwksManager,
  issuer?: string,
): Soon<VerificationKey | undefined> {
  const found = keys.getKeySoon(name, issuer);
  // A key that had to be waited for was fetched just now.
  const isFromBefore = !isPending(found);
  return after(found, key => {
    if (isBy(key, signed, name)) return key;
    if (!isFromBefore) return undefined;
    return after(keys.keysOf(issuer).getNewerKey(name, key), newer =>
      newer !== undefined && isBy(newer, signed, name) ? newer : undefined,
    );
  });
}

function isBy({ keyObject }: VerificationKey, { signingInput, signature }: Signed, { alg }: KeyName): boolean {
  return verifySignature(alg, keyObject, signingInput, signature);
}

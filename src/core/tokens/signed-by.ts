/** Finds the issuer's key that verifies a signature, even if the issuer has replaced a key under the same name. */
import type { JwksManager } from '../issuers/jwks-manager';
import type { KeyName, VerificationKey } from '../issuers/key-set';
import { verifySignature } from '../jws/signature';
import { after, isPending, type Soon } from '../time/soon';

/** A signed text and its signature. */
export interface Signed {
  readonly signingInput: string;
  readonly signature: Buffer;
}

/**
 * Returns the issuer's key that verifies the signature, or `undefined` if there is none. If the signature fails, a new
 * key may have replaced the known one under its `kid`. The keys are then fetched again, if the budget allows it.
 *
 * @throws InvalidToken if the issuer is not trusted or has no such key.
 * @throws ServiceUnavailable if the keys cannot be fetched at the moment.
 */
export function keyThatSigned(
  signed: Signed,
  name: KeyName,
  keys: JwksManager,
  issuer?: string,
): Soon<VerificationKey | undefined> {
  const found = keys.getKeySoon(name, issuer);
  // A key that came as a promise was fetched just now.
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

/** A private key as it lies in the store: encrypted and authenticated, for one issuer and one name. */
import { CompactEncrypt, compactDecrypt, type JWK } from 'jose';
import type { Secrets } from '../secrets';

interface KeyPlace {
  readonly issuer: string;
  readonly kid: string;
}

const purpose = 'signing keys';

/** RFC 7516 in its compact form: AES-256-GCM by a key that is derived from the secret. */
export function seal(jwk: JWK, { issuer, kid }: KeyPlace, secrets: Secrets): Promise<string> {
  return new CompactEncrypt(Buffer.from(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, iss: issuer })
    .encrypt(secrets.key(purpose));
}

/** @returns `undefined` where another secret sealed it, or it is not what was sealed for this place. */
export async function unseal(sealed: string, { issuer, kid }: KeyPlace, secrets: Secrets): Promise<JWK | undefined> {
  try {
    const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, secrets.key(purpose), options);
    const isOfThisPlace = protectedHeader.kid === kid && protectedHeader['iss'] === issuer;
    return isOfThisPlace ? (JSON.parse(Buffer.from(plaintext).toString()) as JWK) : undefined;
  } catch {
    return undefined;
  }
}

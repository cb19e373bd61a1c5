/** Encrypts private keys for the store. A sealed key is authenticated for one issuer and one key ID. */
import type { JsonWebKey } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import type { Secrets } from '../secrets';

interface KeyPlace {
  readonly issuer: string;
  readonly kid: string;
}

const purpose = 'signing keys';

/** Encrypts a key as compact JWE (RFC 7516): AES-256-GCM with a key that is derived from the secret. */
export function seal(jwk: JsonWebKey, { issuer, kid }: KeyPlace, secrets: Secrets): Promise<string> {
  return new CompactEncrypt(Buffer.from(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, iss: issuer })
    .encrypt(secrets.key(purpose));
}

/** Decrypts a key. Returns `undefined` if it was sealed with another secret, or for another issuer or key ID. */
export async function unseal(
  sealed: string,
  { issuer, kid }: KeyPlace,
  secrets: Secrets,
): Promise<JsonWebKey | undefined> {
  try {
    const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, secrets.key(purpose), options);
    const isOfThisPlace = protectedHeader.kid === kid && protectedHeader['iss'] === issuer;
    return isOfThisPlace ? (JSON.parse(Buffer.from(plaintext).toString()) as JsonWebKey) : undefined;
  } catch {
    return undefined;
  }
}

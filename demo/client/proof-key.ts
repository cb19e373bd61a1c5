/** A key that an access token can be bound to, and its proofs: RFC 9449 §4.2. */
import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

/** What a proof is for. */
export interface Proven {
  readonly method: string;
  readonly url: string;
  readonly token: string;
}

export class ProofKey {
  private constructor(
    /** Not extractable: it signs, and cannot be copied. */
    readonly pair: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey },
    private readonly jwk: JWK,
  ) {}

  static async generate(): Promise<ProofKey> {
    const pair = await generateKeyPair('ES256');
    return new ProofKey(pair, await exportJWK(pair.publicKey));
  }

  /** @param secondsAgo when it was made */
  proof({ method, url, token }: Proven, secondsAgo = 0): Promise<string> {
    const ath = createHash('sha256').update(token).digest('base64url');
    const iat = Math.floor(Date.now() / 1000) - secondsAgo;
    return new SignJWT({ htm: method, htu: url, jti: randomUUID(), iat, ath })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: this.jwk })
      .sign(this.pair.privateKey);
  }
}

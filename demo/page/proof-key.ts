/** A key of this page that tokens are bound to, and its proofs (RFC 9449 §4). */
import { base64url, random, textBytes } from './encoding.js';

interface Proven {
  readonly method: string;
  readonly url: string;
  /** The access token that is sent with the proof; none at the authorization server. */
  readonly token?: string;
}

export class ProofKey {
  private constructor(
    private readonly pair: CryptoKeyPair,
    private readonly jwk: JsonWebKey,
    /** What a token that is bound to the key says in `cnf.jkt` (RFC 7638). */
    readonly thumbprint: string,
  ) {}

  /** The private key is not extractable: scripts can sign with it, and none can read it. */
  static async generate(): Promise<ProofKey> {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
    const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    // RFC 7638 §3: the members in this order, without spaces.
    return new ProofKey(pair, { crv, kty, x, y }, await sha256(JSON.stringify({ crv, kty, x, y })));
  }

  get isExtractable(): boolean {
    return this.pair.privateKey.extractable;
  }

  async proof({ method, url, token }: Proven): Promise<string> {
    const [htu] = url.split(/[?#]/);
    const time = { htm: method, htu, jti: random(), iat: Math.floor(Date.now() / 1000) };
    const claims = token === undefined ? time : { ...time, ath: await sha256(token) };
    return this.#signed({ typ: 'dpop+jwt', alg: 'ES256', jwk: this.jwk }, claims);
  }

  async #signed(header: object, claims: object): Promise<string> {
    const text = [header, claims].map(part => base64url(textBytes(JSON.stringify(part)))).join('.');
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    const signature = await crypto.subtle.sign(algorithm, this.pair.privateKey, textBytes(text));
    return `${text}.${base64url(new Uint8Array(signature))}`;
  }
}

async function sha256(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', textBytes(text))));
}

/** A real issuer on this machine: real keys, real HTTP, tokens as a test wants them. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { keysPath, ScriptedIssuer, type Jwk } from './scripted-issuer';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly jwk: Jwk;
}

const keyTypes: Readonly<Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  RS: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

/** A key pair for this algorithm, and its JWK as an issuer publishes it. */
export function signingKey(kid: string, alg = 'ES256', members: Jwk = {}): SigningKey {
  const { publicKey, privateKey } = (keyTypes[alg] ?? keyTypes[alg.slice(0, 2)] ?? keyTypes.ES256)!();
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig', ...members } };
}

export function base64url(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** The signature over an input, as RFC 7518 has it for this algorithm. */
export function signatureOver(input: string, { alg, privateKey }: Pick<SigningKey, 'alg' | 'privateKey'>): string {
  const hash = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`;
  const options =
    { ES: { dsaEncoding: 'ieee-p1363' as const }, PS: { padding: 6, saltLength: -1 } }[alg.slice(0, 2)] ?? {};
  return sign(hash, Buffer.from(input), { key: privateKey, ...options }).toString('base64url');
}

/** A signed token of exactly this header and these claims; text is taken as it is. */
export function signed(header: object | string, claims: object | string, key: SigningKey): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${signatureOver(input, key)}`;
}

export const audience = 'https://api.example.com';

/** Publishes metadata and keys, and signs access tokens for `audience`. */
export class TestIssuer {
  key = signingKey('k1');

  private constructor(readonly server: ScriptedIssuer) {
    server.keys = [this.key.jwk];
  }

  static async start(): Promise<TestIssuer> {
    return new TestIssuer(await ScriptedIssuer.start());
  }

  get url(): string {
    return this.server.url;
  }

  /** The settings with which an API trusts this issuer. */
  get settings() {
    return { audience, issuerUrl: this.url, logger: silentLogger };
  }

  /** Key set requests so far. */
  get fetches(): number {
    return this.server.count(keysPath);
  }

  /** The claims of a good token, with others added or, by `undefined`, taken away. */
  claims(claims: object = {}): object {
    const now = Math.floor(Date.now() / 1000);
    return { iss: this.url, aud: audience, sub: 'alice', iat: now, exp: now + 300, ...claims };
  }

  /** A token that is good unless the claims or the header say otherwise. */
  token(claims: object = {}, header: object = {}, key: SigningKey = this.key): string {
    return signed({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header }, this.claims(claims), key);
  }

  /** Signs with a new key from now on; the old one is still published unless `drop`. */
  rotate(kid: string, { alg = 'ES256', drop = false } = {}): void {
    this.key = signingKey(kid, alg);
    this.server.keys = drop ? [this.key.jwk] : [...this.server.keys, this.key.jwk];
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}

const silent = (): void => undefined;

export const silentLogger = { debug: silent, info: silent, warn: silent, error: silent };

/** A client with a DPoP key: it makes the proofs that belong to its tokens (RFC 9449). */
import { hash, randomUUID } from 'node:crypto';
import type { JsonValue } from '../core/jws/compact-jws';
import { thumbprintOf } from '../core/proofs/thumbprint';
import { forgeProof, type ForgedProofName } from './forged-proofs';
import { publicMembers, type ProvenTarget } from './proven-target';
import { signed, signingKey, type SigningKey } from './signing-key';
import type { TokenClaims } from './token-claims';

/** Issues access tokens: a `TestIssuer` does. */
export interface IssuesTokens {
  /** Its clock, in seconds since 1970. */
  seconds(): number;
  token(claims?: TokenClaims, header?: object): string;
}

/** A response of supertest, `fetch` or `node:http`. */
export interface ReceivedResponse {
  readonly headers: Headers | object;
}

/** Options of {@link TestClient}. */
export interface TestClientOptions {
  /** The setting `externalUrl` of the API. */
  readonly externalUrl: string;
  /** The algorithm of the key; default ES256. */
  readonly alg?: string | undefined;
}

/**
 * A client that gets tokens from a `TestIssuer` which are bound to its own key, and that proves the key with each request.
 *
 * @example
 * const client = new TestClient(issuer, { externalUrl: 'https://api.example.com' });
 * const token = client.token({ scope: 'book:read' });
 * await request(app).get('/books').set(client.fields('GET', '/books', token)).expect(200);
 */
export class TestClient {
  readonly key: SigningKey;
  readonly externalUrl: string;
  readonly #issuer: IssuesTokens;
  /** The nonce of the API, which `fields` puts into each proof; none until `keepNonce` has received one. */
  nonce: string | undefined;

  constructor(issuer: IssuesTokens, { externalUrl, alg = 'ES256' }: TestClientOptions) {
    this.#issuer = issuer;
    this.externalUrl = externalUrl;
    this.key = signingKey('', alg);
  }

  /** The public key, as a proof contains it. */
  get jwk(): Readonly<Record<string, JsonValue>> {
    return publicMembers(this.key);
  }

  /** The thumbprint of the key (RFC 7638): `cnf.jkt` of its tokens. */
  get thumbprint(): string {
    return thumbprintOf(this.jwk) ?? '';
  }

  /** Returns a token that is bound to the key. */
  token(claims: TokenClaims = {}): string {
    return this.#issuer.token({ cnf: { jkt: this.thumbprint }, ...claims });
  }

  /** Returns the claims of a good proof. */
  claims({ method, url, token, nonce }: ProvenTarget): Record<string, unknown> {
    const ath = token === undefined ? {} : { ath: hash('sha256', token, 'base64url') };
    const [htu] = url.split(/[?#]/, 1);
    const rest = nonce === undefined ? ath : { ...ath, nonce };
    return { htm: method, htu, jti: randomUUID(), iat: this.#issuer.seconds(), ...rest };
  }

  /**
   * Returns a proof, which is good unless the claims or the header make it bad.
   *
   * @param claims claims to add or replace; `undefined` removes one
   * @param header members to add to `typ`, `alg` and `jwk`; `undefined` removes one
   */
  proof(target: ProvenTarget, claims: object = {}, header: object = {}, key: SigningKey = this.key): string {
    const head = { typ: 'dpop+jwt', alg: this.key.alg, jwk: this.jwk, ...header };
    return signed(head, { ...this.claims(target), ...claims }, key);
  }

  /**
   * Returns the header fields of a request with this token: `Authorization` and a new proof.
   *
   * @param path the path with its query, behind `externalUrl`
   * @param nonce default: the last one that `keepNonce` has received
   */
  fields(
    method: string,
    path: string,
    token: string,
    nonce: string | undefined = this.nonce,
  ): { Authorization: string; DPoP: string } {
    return { Authorization: `DPoP ${token}`, DPoP: this.proof({ method, url: this.#urlOf(path), token, nonce }) };
  }

  /** Returns a proof of this client that must be refused; see {@link forgeProof}. */
  forge(name: ForgedProofName, target: ProvenTarget): string {
    return forgeProof(name, this, target);
  }

  /**
   * Returns the header fields of a request that must be refused: a good token, and a proof with one defect.
   *
   * @param path the path with its query, behind `externalUrl`
   * @example
   * const fields = client.forgedFields('another-method', 'GET', '/books', client.token());
   * await request(app).get('/books').set(fields).expect(401);
   */
  forgedFields(
    name: ForgedProofName,
    method: string,
    path: string,
    token: string,
  ): { Authorization: string; DPoP: string } {
    const target = { method, url: this.#urlOf(path), token, nonce: this.nonce };
    return { Authorization: `DPoP ${token}`, DPoP: this.forge(name, target) };
  }

  #urlOf(path: string): string {
    return this.externalUrl.replace(/\/$/, '') + path;
  }

  /**
   * Keeps the nonce of a response (RFC 9449 §8.2, §9), for the following proofs.
   *
   * @returns whether the response has one
   * @example
   * const fields = () => client.fields('GET', '/books', token);
   * client.keepNonce(await request(app).get('/books').set(fields()).expect(401));
   * await request(app).get('/books').set(fields()).expect(200);
   */
  keepNonce({ headers }: ReceivedResponse): boolean {
    const nonce: unknown =
      headers instanceof Headers ? headers.get('DPoP-Nonce') : (headers as { 'dpop-nonce'?: unknown })['dpop-nonce'];
    if (typeof nonce !== 'string') return false;
    this.nonce = nonce;
    return true;
  }
}

/** Clients of other authors: each makes its proofs, and sends its requests, in its own way. */
import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, SignJWT, type CryptoKey } from 'jose';
import type { Client } from 'oauth4webapi';
import { resources, secret, type DpopIssuer, type Format } from './dpop-issuer';

export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** A request, and what its proof says in place of the truth. */
export interface Sending {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  readonly keyPair: KeyPair;
  /** The method, URL and token that the proof is for; those of the request by default. `null`: for no token. */
  readonly proven?: { readonly htm?: string; readonly htu?: string; readonly token?: string | null };
  /** Claims to add or replace. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Members of the header to add or replace. */
  readonly header?: Readonly<Record<string, unknown>>;
}

/** The header fields of a request, and the answer to it. */
export interface Sent {
  readonly fields: Readonly<Record<string, string>>;
  readonly response: Response;
}

/**
 * What a proof has that is not the truth. `proven`: it is for another request, or by another key. `more`: further claims.
 * `claims`, `header`: other ones. `alg`: a header that many libraries refuse to sign.
 */
export type Saying = 'proven' | 'more' | 'claims' | 'header' | 'alg';

export interface Implementation {
  readonly name: string;
  /** What the interface of its proofs can say. */
  readonly says: readonly Saying[];
  load(): Promise<DpopClient>;
}

export interface DpopClient {
  readonly algorithms: readonly string[];
  newKeyPair(alg: string): Promise<KeyPair>;
  send(sending: Sending): Promise<Sent>;
  /** Gets a token that is bound to the key; without a key, an unbound one. */
  token(issuer: DpopIssuer, format: Format, keyPair?: KeyPair): Promise<string>;
}

async function oauth4webapi(): Promise<DpopClient> {
  const oauth = await import('oauth4webapi');
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- so that nobody uses it outside of tests
  const insecure = { [oauth.allowInsecureRequests]: true } as const;
  const client: Client = { client_id: 'app' };
  return {
    algorithms: ['ES256', 'ES384', 'Ed25519', 'RS256', 'PS256'],
    newKeyPair: alg => oauth.generateKeyPair(alg, { extractable: true }),
    async send(sending) {
      let fields: Readonly<Record<string, string>> = {};
      const DPoP = oauth.DPoP(client, sending.keyPair, {
        [oauth.modifyAssertion](header, payload) {
          Object.assign(header, sending.header);
          Object.assign(payload, changesOf(sending));
        },
      });
      const options = {
        ...insecure,
        DPoP,
        [oauth.customFetch]: (url: string, init: { headers: Record<string, string> }) => {
          fields = init.headers;
          return fetch(url, init);
        },
      };
      const { token, method, url } = sending;
      const response = await oauth
        .protectedResourceRequest(token, method, new URL(url), new Headers(), undefined, options)
        .catch((error: unknown) => {
          if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
          throw error;
        });
      return { fields, response };
    },
    async token(issuer, format, keyPair) {
      const server = await oauth.processDiscoveryResponse(
        new URL(issuer.url),
        await oauth.discoveryRequest(new URL(issuer.url), insecure),
      );
      const options = { ...insecure, ...(keyPair === undefined ? {} : { DPoP: oauth.DPoP(client, keyPair) }) };
      const form = { resource: resources[format], scope: 'book:read' };
      const auth = oauth.ClientSecretBasic(secret);
      const response = await oauth.clientCredentialsGrantRequest(server, client, auth, form, options);
      return (await oauth.processClientCredentialsResponse(server, client, response)).access_token;
    },
  };
}

/** Returns the claims of a proof that are not those of the request. */
function changesOf({ proven, claims }: Sending): Readonly<Record<string, unknown>> {
  const { htm, htu, token } = proven ?? {};
  return {
    ...(htm === undefined ? {} : { htm }),
    ...(htu === undefined ? {} : { htu }),
    ...(token === undefined ? {} : { ath: token === null ? undefined : hashOf(token) }),
    ...claims,
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

async function dpopPackage(): Promise<DpopClient> {
  const { generateKeyPair, generateProof } = await import('dpop');
  return {
    algorithms: ['ES256', 'Ed25519', 'RS256', 'PS256'],
    newKeyPair: alg => generateKeyPair(alg as 'ES256', { extractable: true }),
    send: async sending => {
      const { htm = sending.method, htu = withoutQuery(sending.url), token } = sending.proven ?? {};
      const proven = token === undefined ? sending.token : (token ?? undefined);
      const additional = sending.claims as Record<string, number> | undefined;
      return sendWith(sending, await generateProof(sending.keyPair, htu, htm, undefined, proven, additional));
    },
    token: (issuer, format, keyPair) =>
      tokenFrom(issuer, format, keyPair && (url => generateProof(keyPair, url, 'POST'))),
  };
}

async function jose(): Promise<DpopClient> {
  const { generateKeyPair } = await import('jose');
  const proofOf = async (keyPair: KeyPair, claims: object, header: object = {}): Promise<string> => {
    const { kty, crv, x, y, n, e } = await exportJWK(keyPair.publicKey);
    const jwk = Object.fromEntries(Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined));
    const head = { alg: algorithmOf(keyPair.privateKey), typ: 'dpop+jwt', jwk, ...header };
    const all = { jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...claims };
    return new SignJWT(all).setProtectedHeader(head).sign(keyPair.privateKey);
  };
  return {
    algorithms: ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
    newKeyPair: alg => generateKeyPair(alg, { extractable: true }),
    send: async sending => {
      const good = { htm: sending.method, htu: withoutQuery(sending.url), ath: hashOf(sending.token) };
      return sendWith(sending, await proofOf(sending.keyPair, { ...good, ...changesOf(sending) }, sending.header));
    },
    token: (issuer, format, keyPair) =>
      tokenFrom(issuer, format, keyPair && (htu => proofOf(keyPair, { htm: 'POST', htu }))),
  };
}

function algorithmOf({ algorithm }: CryptoKey): string {
  const { name, namedCurve } = algorithm as { name: string; namedCurve?: string };
  if (name === 'ECDSA') return namedCurve === 'P-384' ? 'ES384' : 'ES256';
  return name === 'RSA-PSS' ? 'PS256' : name === 'RSASSA-PKCS1-v1_5' ? 'RS256' : 'Ed25519';
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '');
}

async function sendWith({ method, url, token }: Sending, proof: string): Promise<Sent> {
  const fields = { Authorization: `DPoP ${token}`, DPoP: proof };
  return { fields, response: await fetch(url, { method, headers: fields }) };
}

/** The token endpoint as RFC 6749 §4.4.2 has it, for clients that make proofs alone. */
async function tokenFrom(
  issuer: DpopIssuer,
  format: Format,
  proofFor: ((url: string) => Promise<string>) | undefined,
): Promise<string> {
  const url = `${issuer.url}/token`;
  const headers = new Headers({ Authorization: `Basic ${Buffer.from(`app:${secret}`).toString('base64')}` });
  if (proofFor !== undefined) headers.set('DPoP', await proofFor(url));
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'book:read', resource: resources[format] }),
  });
  const answer = (await response.json()) as { access_token: string; token_type: string };
  return answer.access_token;
}

export const implementations: readonly Implementation[] = [
  { name: 'oauth4webapi', says: ['proven', 'more', 'claims', 'header', 'alg'], load: oauth4webapi },
  { name: 'dpop', says: ['proven', 'more'], load: dpopPackage },
  { name: 'jose', says: ['proven', 'more', 'claims', 'header'], load: jose },
];

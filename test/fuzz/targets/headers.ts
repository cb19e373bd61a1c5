/** The fields of a request and of a refusal: Authorization, WWW-Authenticate and DPoP. */
import { expect } from 'chai';
import fc from 'fast-check';
import { InvalidProof, InvalidRequest } from 'axioms-routing-controllers';
import { TestClient, base64url, signed } from 'axioms-routing-controllers/testing';
import { basicCredentials } from '../../../src/core/http/basic-credentials';
import { challenge, readChallenge, writeChallenge } from '../../../src/core/http/challenge';
import { sentToken } from '../../../src/core/http/sent-token';
import { checkedProof } from '../../../src/core/proofs/dpop-proof';
import { normalUri } from '../../../src/core/proofs/http-uri';
import { ProofKeys } from '../../../src/core/proofs/proof-keys';
import { tokenHashOf } from '../../../src/core/tokens/verified-tokens';
import { mutated, parsedOrRefused, target, type Target } from '../target';

const schemes = ['Bearer ', 'DPoP ', 'Basic ', 'bearer', 'BEARER  '];
const token68 = fc.stringMatching(/^[\w\-.~+/]{1,40}={0,2}$/);
const authorization = mutated(
  fc.tuple(fc.constantFrom(...schemes), token68).map(parts => parts.join('')),
  ...schemes,
);

function checkToken(field: string): void {
  const request = { headers: { authorization: field } };
  const sent = parsedOrRefused(InvalidRequest, () => sentToken(request, true));
  if (sent === undefined || sent === null) return;
  expect(sent.token).to.match(/^[\w\-.~+/]+=*$/);
  expect(field.toLowerCase().startsWith(`${sent.scheme.toLowerCase()} `)).to.equal(true);
  expect(field.slice(sent.scheme.length).replace(/^ +| +$/g, '')).to.equal(sent.token);
}

const userAndPassword = fc.tuple(fc.string(), fc.string({ unit: 'grapheme' })).map(parts => parts.join(':'));
const basic = mutated(
  userAndPassword.map(text => `Basic ${Buffer.from(text).toString('base64')}`),
  'Basic ',
);

function checkCredentials(field: string): void {
  const read = parsedOrRefused(InvalidRequest, () => basicCredentials({ headers: { authorization: field } }));
  if (read === undefined || read === null) return;
  expect(read.userid).not.to.include(':');
  const encoded = Buffer.from(`${read.userid}:${read.password}`).toString('base64');
  expect(field.slice('Basic'.length).replace(/^ +| +$/g, '')).to.equal(encoded);
}

const quoted = fc
  .string({ maxLength: 20 })
  .map(text => writeChallenge(challenge('Bearer', { realm: text, scope: 'a' })));
const challenges = mutated(quoted, 'realm=', '", ', ', error="', 'Bearer ', 'DPoP algs=');

function checkChallenge(text: string): void {
  const read = parsedOrRefused(NoError, () => readChallenge(text));
  if (read === undefined) return;
  const written = writeChallenge(read);
  expect(written).not.to.match(/[\r\n\0]/);
  expect(readChallenge(written)).to.deep.equal(read);
}

/** No error at all is expected. */
class NoError extends Error {}

function checkWritten([realm, error]: readonly [string, string]): void {
  const written = writeChallenge(challenge('Bearer', { realm, error }));
  expect(written).to.match(/^[\x20-\x7E]*$/);
  expect(readChallenge(written)?.params.map(({ name }) => name)).to.deep.equal(['realm', 'error']);
}

const now = Date.UTC(2026, 0, 1);
const url = 'https://api.example.com/books';
const client = new TestClient(
  { seconds: () => now / 1000, token: () => 'token' },
  { externalUrl: 'https://api.example.com' },
);
const request = { method: 'GET', url, token: 'token' };
const proof = client.proof(request);
const { thumbprint, jwk } = client;
const keys = new ProofKeys();

function proven(field: string): ReturnType<typeof checkedProof> | undefined {
  const expected = { method: 'GET', targets: [url], now, keys, tokenHash: tokenHashOf('token'), thumbprint };
  return parsedOrRefused(InvalidProof, () => checkedProof([field], expected));
}

function checkProof(field: string): void {
  expect(proven(field) !== undefined).to.equal(field === proof);
}

const members = fc.record({
  htm: fc.constantFrom<unknown>('GET', 'get', 'POST', ['GET'], null),
  htu: fc.oneof(fc.constantFrom<unknown>(url, `${url}?a`, `${url}/`, 'HTTPS://API.example.com:443/books'), fc.string()),
  iat: fc.oneof(fc.double(), fc.constantFrom<unknown>(now / 1000, now / 1000 - 61, String(now / 1000))),
  jti: fc.oneof(fc.string({ maxLength: 300 }), fc.jsonValue()),
});

/** A proof that the right key has signed, with members of any kind. */
function checkMembers(given: Readonly<Record<string, unknown>>): void {
  const claims = { ...client.claims(request), ...given };
  const accepted = proven(signed({ typ: 'dpop+jwt', alg: 'ES256', jwk }, claims, client.key));
  if (accepted === undefined) return;
  expect(claims.htm).to.equal('GET');
  expect(normalUri(String(claims.htu))).to.equal(url);
  expect(Math.abs(accepted.iat - now / 1000)).to.be.at.most(60);
  expect(accepted.jti).to.equal(claims.jti).and.to.be.a('string');
}

const uris = mutated(fc.webUrl({ withQueryParameters: true, withFragments: true }), '%2e', '/../', ':443', '@', '//');

function checkUri(uri: string): void {
  const normal = parsedOrRefused(NoError, () => normalUri(uri));
  if (normal === undefined) return;
  expect(normal).to.match(/^https?:\/\/[!-~]+$/);
  expect(normalUri(normal)).to.equal(normal);
}

export const headers: readonly Target[] = [
  target('header: Authorization with a token', authorization, checkToken),
  target('header: Authorization with a password', basic, checkCredentials),
  target('header: WWW-Authenticate as read', challenges, checkChallenge),
  target(
    'header: WWW-Authenticate as written',
    fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
    checkWritten,
  ),
  target('header: DPoP', mutated(fc.constant(proof), base64url({ alg: 'none' }), '.'), checkProof),
  target('header: members of a DPoP proof', members, checkMembers),
  target('header: htu of a DPoP proof', uris, checkUri),
];

/** Access tokens for a run: made in the parent, handed over in a file. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const signAsync = promisify(sign);

const makers = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};

export const algorithms = Object.keys(makers);
export const audience = 'https://api.example.com';

/** One key pair an algorithm. */
export function makeKeys() {
  return algorithms.map(alg => makeKey(alg));
}

export function makeKey(alg, kid = `${alg}-1`) {
  const { publicKey, privateKey } = makers[alg]();
  return { alg, kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), alg, kid, use: 'sig' } };
}

/** As an authorization server writes them (RFC 9068), each with a subject and an id of its own. */
export function claimsOf(issuer, others = {}) {
  const now = Math.floor(Date.now() / 1000);
  const client = { client_id: 'web-client', scope: 'openid profile book:read book:create' };
  const times = { iat: now, exp: now + 7200 };
  return { iss: issuer, aud: audience, sub: `user-${randomUUID()}`, ...client, ...times, jti: randomUUID(), ...others };
}

export async function mint(key, claims) {
  const input = signingInput(key, claims);
  return withSignature(input, await signAsync('sha256', Buffer.from(input), signer(key)));
}

/** At once, on this core. */
export function mintNow(key, claims) {
  const input = signingInput(key, claims);
  return withSignature(input, sign('sha256', Buffer.from(input), signer(key)));
}

function signingInput({ alg, kid }, claims) {
  return [{ alg, kid, typ: 'at+jwt' }, claims].map(encoded).join('.');
}

function signer({ privateKey }) {
  return { key: privateKey, dsaEncoding: 'ieee-p1363' };
}

function withSignature(input, signature) {
  return `${input}.${signature.toString('base64url')}`;
}

/** `count` distinct tokens; signed on all of the cores. */
export function mintMany(key, issuer, count) {
  return Promise.all(Array.from({ length: count }, () => mint(key, claimsOf(issuer))));
}

export function writePool(file, pool) {
  return writeFile(file, JSON.stringify(pool));
}

export async function readPool(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

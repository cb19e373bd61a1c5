/** Tokens that look right and are not. */
import { decodeJwt, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import type { AuthorizationServer } from '../authorization-server';
import { idTokenOf, personToken } from '../client/tokens';
import { ged } from '../users';
import type { Caller } from './callers';

export async function flawedTokens({ url, signingKey }: AuthorizationServer): Promise<Caller[]> {
  const good = await personToken(url, 'alice');
  const claims = decodeJwt(good);
  const { privateKey: otherKey } = await generateKeyPair('ES256');
  const otherApi = 'https://another-api.example';
  return [
    flawed('expired', 'The access token expired', await sign(expired(claims, 3600), signingKey)),
    flawed('tampered', 'The signature of the access token is wrong', tamper(good)),
    flawed('foreign key', 'The signature of the access token is wrong', await sign(claims, otherKey)),
    flawed(
      'foreign issuer',
      'The access token is from another issuer',
      await sign({ ...claims, iss: 'https://another-issuer.example' }, otherKey),
    ),
    flawed(
      'foreign audience',
      'The access token is for another audience',
      await personToken(url, 'alice', { resource: otherApi }),
    ),
  ];
}

/** ID tokens that the microservice must not take for bob's, or for anybody's. */
export async function foreignIdTokens(
  { url, signingKey }: AuthorizationServer,
  good: string,
): Promise<[flaw: string, token: string][]> {
  const claims = decodeJwt(good);
  const { privateKey: otherKey } = await generateKeyPair('ES256');
  const stranger = { ...claims, sub: 'a stranger' };
  return [
    ['expired', await sign(expired(claims, 60), signingKey, 'JWT')],
    ['foreign key', await sign(claims, otherKey, 'JWT')],
    ['foreign issuer', await sign({ ...claims, iss: 'https://another-issuer.example' }, otherKey, 'JWT')],
    ["another app's", await idTokenOf(url, 'bob')],
    ['an access token', await personToken(url, 'bob')],
    ['an unverified address', await sign({ ...stranger, email_verified: false }, signingKey, 'JWT')],
    ["ged's address", await sign({ ...stranger, email: ged.email }, signingKey, 'JWT')],
  ];
}

function flawed(name: string, flaw: string, token: string): Caller {
  return { name: `alice, ${name}`, flaw, token, scopes: [] };
}

export function sign(claims: JWTPayload, key: CryptoKey | JWK, typ = 'at+jwt'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ, kid: 'demo' }).sign(key);
}

function expired(claims: JWTPayload, secondsAgo: number): JWTPayload {
  const exp = Math.floor(Date.now() / 1000) - secondsAgo;
  return { ...claims, iat: exp - 3600, exp };
}

/** One character of the signature, flipped. */
function tamper(token: string): string {
  const place = token.lastIndexOf('.') + 10;
  return token.slice(0, place) + (token[place] === 'A' ? 'B' : 'A') + token.slice(place + 1);
}

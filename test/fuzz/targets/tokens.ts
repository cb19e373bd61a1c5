/** Access tokens: their one spelling, and the whole verification. */
import { expect } from 'chai';
import fc from 'fast-check';
import { AccessTokenVerifier, InvalidToken, JwksManager, defineSettings } from 'axioms-routing-controllers';
import { isJwtShaped, objectsIn, parseCompactJws, type JsonValue } from '../../../src/core/jws/compact-jws';
import { bindingOf, jointBinding } from '../../../src/core/tokens/binding';
import { audience, base64url, signed, signingKey, silentLogger } from '../../issuer/test-issuer';
import { mutated, names, parsedOrRefused, target, type Target } from '../target';

const seconds = Date.UTC(2026, 0, 1) / 1000;
const key = signingKey('k1');
const issuerUrl = 'https://issuer.example.com';
const claims = { iss: issuerUrl, aud: audience, sub: 'alice', iat: seconds, exp: seconds + 300 };
const good = signed({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' }, claims, key);

const settings = defineSettings({ audience, issuerUrl, jwksUrl: `${issuerUrl}/keys`, logger: silentLogger });
const manager = Object.assign(new JwksManager(settings), {
  clock: () => seconds * 1000,
  fetch: () => Promise.resolve(Response.json({ keys: [key.jwk] })),
});

/** A new one each time: a cache of accepted tokens would hide what the checks say. */
function verifier(): AccessTokenVerifier {
  return Object.assign(new AccessTokenVerifier(settings, manager), { clock: () => seconds * 1000 });
}

const json = fc.oneof(
  fc.json(),
  fc.dictionary(names, fc.jsonValue()).map(one => JSON.stringify(one)),
);
const parts = fc.oneof(json.map(base64url), fc.base64String(), fc.string());
const tokens = mutated(
  fc.oneof(
    fc.constant(good),
    fc.tuple(json.map(base64url), json.map(base64url), fc.constant('AA')).map(all => all.join('.')),
    fc.array(parts, { maxLength: 6 }).map(all => all.join('.')),
  ),
  base64url('{"a":1,"a":2}'),
  'eyJ',
);

/** A text that is accepted is the only spelling of what it says. */
function checkSpelling(text: string): void {
  const parsed = parsedOrRefused(InvalidToken, () => parseCompactJws(text, 8192));
  if (parsed === undefined) return;
  const { claimsText, headerPart, signature, signingInput } = parsed;
  expect(text).to.equal([headerPart, base64url(claimsText), signature.toString('base64url')].join('.'));
  expect(text.startsWith(`${signingInput}.`)).to.equal(true);
  expect(JSON.stringify(parsed.claims)).to.equal(JSON.stringify(JSON.parse(claimsText)));
  expect(Object.isFrozen(parsed.claims) && Object.isFrozen(parsed.header)).to.equal(true);
  expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
}

async function isAccepted(token: string): Promise<boolean> {
  try {
    await verifier().verify(token);
    return true;
  } catch (error) {
    if (error instanceof InvalidToken) return false;
    throw error;
  }
}

async function checkForged(token: string): Promise<void> {
  expect(await isAccepted(token)).to.equal(token === good);
}

const headers = fc.record(
  {
    alg: fc.constantFrom<unknown>('none', 'HS256', 'ES256', 'ES384', 'RS256', 'es256', null, ['ES256']),
    kid: fc.oneof(fc.constantFrom<unknown>('k1', 'k2', ['k1'], '__proto__'), fc.string()),
    typ: fc.oneof(fc.constantFrom<unknown>('at+jwt', 'JWT', 'dpop+jwt', 'id+jwt', 'application/at+jwt'), fc.string()),
    crit: fc.constantFrom<unknown>(['exp'], [], null),
    jwk: fc.constant(signingKey('k9').jwk),
    b64: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** Only the issuer's key may sign, whatever the header says. */
async function checkForeign(header: Readonly<Record<string, unknown>>): Promise<void> {
  expect(await isAccepted(signed(header, claims, foreign))).to.equal(false);
}

const foreign = signingKey('k1');

const dots = fc.nat(12).map(times => '.'.repeat(times));
const payload = fc.dictionary(names, fc.jsonValue());

/** A reader that leaves out empty parts takes such a token for the JWT: it counts as one, with all it is bound to. */
async function checkEmptyParts([[first, second, third, last], said, depth]: readonly [
  readonly [string, string, string, string],
  object,
  number,
]): Promise<void> {
  let jwt = signed({ alg: 'ES256', kid: 'k1' }, said, key);
  for (let times = 0; times < depth; times++) jwt = signed({ alg: 'ES256', cty: 'JWT' }, jwt, key);
  const [header = '', middle = '', signature = ''] = jwt.split('.');
  const token = `${first}${header}.${second}${middle}.${third}${signature}${last}`;
  expect(isJwtShaped(token)).to.equal(true);
  expect(objectsIn(token).at(-1)).to.deep.equal(JSON.parse(JSON.stringify(said)));
  if (token !== jwt) expect(await isAccepted(token)).to.equal(false);
}

const thumbprints = fc.constantFrom<JsonValue>('a'.repeat(43), 'b'.repeat(43), 'short', null);
const confirmations = fc.oneof(
  fc.dictionary(fc.constantFrom('jkt', 'x5t#S256', 'kid'), thumbprints),
  fc.constantFrom<JsonValue>(null, [], 'x'),
);
const bindings = fc.array(fc.record({ cnf: confirmations }, { requiredKeys: [] }), { maxLength: 4 });

/** A request that satisfies all of them together satisfies each. */
function checkBindings(all: readonly Readonly<Record<string, JsonValue>>[]): void {
  const joint = jointBinding(all);
  expect(Object.hasOwn(joint, 'cnf')).to.equal(all.some(one => Object.hasOwn(one, 'cnf')));
  const demanded = parsedOrRefused(InvalidToken, () => bindingOf(joint));
  if (demanded !== undefined) for (const one of all) expect(demanded).to.include(bindingOf(one));
}

export const tokenTargets: readonly Target[] = [
  target('token: its one spelling', tokens, checkSpelling),
  target('token: a good one, changed', mutated(fc.constant(good), 'A', '_', '.'), checkForged),
  target('token: signed by another key', headers, checkForeign),
  target(
    'token: a JWT with empty parts, in JWTs',
    fc.tuple(fc.tuple(dots, dots, dots, dots), payload, fc.nat(3)),
    checkEmptyParts,
  ),
  target('token: what it is bound to in several places', bindings, checkBindings),
];

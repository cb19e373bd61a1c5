/** Claims: the checks of a token, and the grants that are read of it. */
import { expect } from 'chai';
import fc from 'fast-check';
import { InvalidToken, defineSettings, type Claims } from 'axioms-routing-controllers';
import { claimsFrom } from '../../../src/core/jws/compact-jws';
import { checkClaims, checkTimes } from '../../../src/core/tokens/claim-rules';
import { grantsOf } from '../../../src/core/tokens/claims';
import { audience, silentLogger } from '../../issuer/test-issuer';
import { names, parsedOrRefused, target, type Target } from '../target';

const issuerUrl = 'https://issuer.example.com';
const now = Date.UTC(2026, 0, 1);
const settings = defineSettings({
  audience,
  issuerUrl,
  logger: silentLogger,
  scopeClaims: ['scope', 'scp', '/nested/scope'],
  rolesClaims: ['union:roles|/realm_access/roles|keys:grants', 'split:groups'],
  permissionsClaims: ['permissions', 'keys:/a~1b/c'],
});

const grants = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.array(fc.oneof(names, fc.jsonValue({ maxDepth: 1 })), { maxLength: 4 }),
  fc.string().map(text => `a ${text} b`),
  fc.dictionary(names, fc.jsonValue({ maxDepth: 1 })),
);
/** Mostly the right value, so that the checks behind it are reached. */
function mostly(right: unknown, others: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(right) }, others);
}

const times = fc.oneof(
  fc.double(),
  fc.integer({ min: now / 1000 - 400, max: now / 1000 + 400 }),
  fc.jsonValue({ maxDepth: 1 }),
);
const claimSets = fc
  .tuple(
    fc.dictionary(names, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
    fc.record(
      {
        iss: mostly(issuerUrl, fc.oneof(fc.constantFrom<unknown>(`${issuerUrl}/`, [issuerUrl]), fc.string())),
        aud: mostly(
          audience,
          fc.oneof(fc.constantFrom<unknown>([audience], [[audience]], `${audience}x`), fc.jsonValue()),
        ),
        sub: mostly('alice', fc.jsonValue({ maxDepth: 1 })),
        exp: times,
        nbf: times,
        iat: times,
        scope: grants,
        scp: grants,
        nested: fc.record({ scope: grants }),
        roles: grants,
        realm_access: fc.record({ roles: grants }),
        grants,
        groups: grants,
        permissions: grants,
        'a/b': fc.record({ c: grants }),
        cnf: mostly(undefined, fc.jsonValue({ maxDepth: 1 })),
        token_use: mostly('access', fc.constantFrom<unknown>('id', null)),
      },
      { requiredKeys: ['iss', 'aud', 'sub', 'exp'] },
    ),
  )
  .map(([any, known]) => claimsFrom(JSON.stringify({ ...any, ...known })));

/** Whatever the claims are, a grant is a text that the token has. */
function checkGrants(claims: Claims): void {
  const { scopes, roles, permissions } = grantsOf(claims, settings);
  const said = textsIn(claims);
  for (const list of [scopes, roles, permissions]) {
    expect(Object.isFrozen(list)).to.equal(true);
    for (const name of list) {
      expect(name).to.be.a('string');
      expect(said.some(text => text.includes(name))).to.equal(true);
    }
  }
}

/** Every name and every text, at any depth. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => [name, ...textsIn(one)]);
}

/** What is accepted is from the issuer, for this API, about somebody, and not over. */
function checkAccepted(claims: Claims): void {
  const isAccepted = parsedOrRefused(InvalidToken, () => {
    checkClaims(claims, settings);
    checkTimes(claims, settings, now);
    return true;
  });
  if (isAccepted === undefined) return;
  const { iss, aud, sub, exp, nbf } = claims;
  expect(iss).to.equal(issuerUrl);
  expect([aud].flat()).to.include(audience);
  expect(sub).to.be.a('string').and.not.to.equal('');
  expect(exp).to.be.above(now / 1000 - settings.clockTolerance);
  if (nbf !== undefined) expect(nbf).to.be.at.most(now / 1000 + settings.clockTolerance);
  expect(claims).not.to.have.any.keys('cnf');
}

export const claimTargets: readonly Target[] = [
  target('claims: grants', claimSets, checkGrants),
  target('claims: checks', claimSets, checkAccepted),
];

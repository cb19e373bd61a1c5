import { expect } from 'chai';
import type { Request } from 'express';
import { Container } from 'typedi';
import {
  AccessTokenAuthentication,
  AuthenticationFailed,
  BaseAuthentication,
  BasePermission,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  IsSafeOnly,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  JwksManager,
  PermissionDenied,
  type ApiView,
  type AxiomsRequest,
  type AuthenticationResult,
  type Requirement,
} from 'axioms-routing-controllers';
import { allObjects, noObjects, whereEquals } from 'axioms-routing-controllers/filters';
import {
  authenticationContract,
  ContractViolation,
  denylistContract,
  permissionContract,
  TestIssuer,
  throttleStoreContract,
  type ContractCase,
  type CountingStore,
  type PermissionCase,
  type Revoked,
  type RevokingStore,
} from 'axioms-routing-controllers/testing';

/** The names of the cases that fail, each by a violation and by nothing else. */
async function failing(cases: readonly ContractCase[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of cases) {
    const error: unknown = await run().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) continue;
    expect(error, name).to.be.instanceOf(ContractViolation);
    failed.push(name);
  }
  return failed;
}

const register = (cases: readonly ContractCase[]): void => {
  expect(cases).not.to.have.length(0);
  for (const { name, run } of cases) it(name, run);
};

class ApiKeyAuthentication extends BaseAuthentication {
  authenticate(request: Request): AuthenticationResult | null | Promise<AuthenticationResult | null> {
    const key = request.get('X-Api-Key');
    if (key === undefined) return null;
    if (key !== 'open sesame') throw new AuthenticationFailed('The API key is not known');
    return { user: { isAuthenticated: true, sub: 'ali-baba' } };
  }
  override authenticateHeader(): string | undefined {
    return 'ApiKey realm="api"';
  }
}

const good = { headers: { 'X-Api-Key': 'open sesame' } };
const bad = { headers: { 'X-Api-Key': 'open-barley' } };
const withKey = (make: () => BaseAuthentication) => authenticationContract({ make, good, bad, sub: 'ali-baba' });

describe('the contract of authentication classes', () => {
  describe('is kept by a key in a header', () => {
    register(withKey(() => new ApiKeyAuthentication()));
  });

  for (const Shipped of [AccessTokenAuthentication, HasValidAccessToken])
    describe(`is kept by ${Shipped.name}, which refuses by its own server's settings`, () => {
      const issuer = new TestIssuer();
      before(() => issuer.listen());
      after(() => issuer.close());
      // A getter: the issuer listens only once the tests run.
      const contract = {
        make: () => new Shipped(),
        good: () => ({ headers: { Authorization: `Bearer ${issuer.token()}` } }),
        bad: () => ({ headers: { Authorization: `Bearer ${issuer.forge('expired')}` } }),
        none: { headers: { Authorization: 'Basic YTpi' } },
        sub: 'alice',
        get axioms() {
          return { ...issuer.settings(), jwksPrefetch: false };
        },
      };
      register(authenticationContract(contract));
    });

  const broken: Readonly<Record<string, [ApiKeyAuthentication, string]>> = {
    'says nothing of bad credentials': [
      new (class extends ApiKeyAuthentication {
        override authenticate(request: Request) {
          return request.get('X-Api-Key') === 'open sesame' ? super.authenticate(request) : null;
        }
      })(),
      'leaves bad credentials to no other class',
    ],
    'throws without credentials': [
      new (class extends ApiKeyAuthentication {
        override authenticate(request: Request) {
          if (request.get('X-Api-Key') === undefined) throw new AuthenticationFailed();
          return super.authenticate(request);
        }
      })(),
      'leaves a request without credentials to the next class',
    ],
    'takes everybody for somebody': [
      new (class extends ApiKeyAuthentication {
        override authenticate() {
          return { user: { isAuthenticated: true, sub: 'ali-baba' } };
        }
      })(),
      'refuses bad credentials, also where anybody may',
    ],
    'finds somebody else': [
      new (class extends ApiKeyAuthentication {
        override async authenticate(request: Request) {
          const result = await super.authenticate(request);
          return result && { user: { ...result.user, sub: 'kasim' } };
        }
      })(),
      'knows whose the good credentials are',
    ],
    'answers with no result': [
      new (class extends ApiKeyAuthentication {
        override authenticate(request: Request) {
          return super.authenticate(request) && ({ sub: 'ali-baba' } as never);
        }
      })(),
      'knows whose the good credentials are',
    ],
    'has a broken challenge': [
      new (class extends ApiKeyAuthentication {
        override authenticateHeader() {
          return "ApiKey realm='a b'";
        }
      })(),
      'has a challenge that is well formed, on every 401, or else gives none',
    ],
    'quotes the key': [
      new (class extends ApiKeyAuthentication {
        override authenticate(request: Request) {
          const key = request.get('X-Api-Key');
          if (key === 'open-barley') throw new AuthenticationFailed(`Not a key: ${key}`);
          return super.authenticate(request);
        }
      })(),
      'quotes no credentials in a refusal',
    ],
    'keeps what it learns of a request': [
      new (class extends ApiKeyAuthentication {
        #key: string | undefined;
        override async authenticate(request: Request) {
          this.#key = request.get('X-Api-Key');
          // As long as a look-up takes: the others come meanwhile.
          await new Promise(resolve => setTimeout(resolve, 20));
          return super.authenticate({ get: () => this.#key } as never);
        }
      })(),
      'tells requests apart that come at once',
    ],
  };

  for (const [what, [made, promise]] of Object.entries(broken))
    it(`is not kept by a class that ${what}`, async () => {
      expect(await failing(withKey(() => made))).to.include(promise);
    });

  it('may be kept without a challenge', async () => {
    class Mute extends ApiKeyAuthentication {
      override authenticateHeader() {
        return undefined;
      }
    }
    expect(await failing(withKey(() => new Mute()))).to.deep.equal([]);
  });

  it('leaves the services in the container those of the app', async () => {
    const manager = { id: JwksManager, value: {} as JwksManager };
    Container.set(manager);
    await failing(withKey(() => new ApiKeyAuthentication()).slice(0, 1));
    expect(Container.get(JwksManager)).to.equal(manager.value);
    Container.remove(JwksManager);
  });
});

class IsOfTenant extends BasePermission {
  override hasPermission(request: Request): boolean | Promise<boolean> {
    return request.user?.claims?.tenant === request.get('X-Tenant');
  }
}

const ofAcme = { user: { sub: 'alice', tenant: 'acme' }, headers: { 'X-Tenant': 'acme' } };
const tenantCases = {
  allowed: [{ title: 'of the tenant', ...ofAcme }],
  refused: [{ title: 'of another', ...ofAcme, headers: { 'X-Tenant': 'evil' } }],
};

describe('the contract of permission classes', () => {
  describe('is kept by one that looks at a header', () => {
    register(permissionContract({ make: () => new IsOfTenant(), ...tenantCases }));
  });

  const scoped = { controller: { accessTokenScopes: ['a'], accessTokenRoles: ['r'] } };
  for (const [Shipped, allowed, refused] of [
    [HasAccessTokenScopes, { user: { sub: 'x', scope: 'a b' } }, { user: { sub: 'x', scope: 'b' } }],
    [HasAccessTokenScopes, { user: { sub: 'x', scope: 'a' } }, {}],
    [HasAccessTokenRoles, { user: { sub: 'x', roles: ['r'] } }, { user: { sub: 'x', scope: 'r' } }],
    [IsAuthenticated, { user: { sub: 'x' } }, {}],
    [IsAuthenticatedOrReadOnly, {}, { method: 'POST' }],
    [IsSafeOnly, { user: { sub: 'x' } }, { user: { sub: 'x' }, method: 'PUT' }],
    [IsSubOwner, { user: { sub: 'x' }, object: { user: 'x' } }, { user: { sub: 'x' }, object: { user: 'y' } }],
    [IsSubOwner, { user: { sub: 'x' }, object: { user: 'x' } }, { object: { user: 'x' } }],
    [
      IsSubOwnerOrSafeOnly,
      { user: { sub: 'x' }, object: { user: 'y' } },
      { user: { sub: 'x' }, object: { user: 'y' }, method: 'DELETE' },
    ],
  ] as const)
    describe(`is kept by ${Shipped.name}`, () => {
      register(
        permissionContract({
          make: () => new Shipped(),
          allowed: [{ title: JSON.stringify(allowed), ...scoped, ...allowed }],
          refused: [{ title: JSON.stringify(refused), ...scoped, ...refused }],
        }),
      );
    });

  const broken: Readonly<Record<string, [new () => BasePermission, string]>> = {
    'lets everybody in': [
      class extends IsOfTenant {
        override hasPermission() {
          return true;
        }
      },
      'refuses a request of another',
    ],
    'throws instead of answering': [
      class extends IsOfTenant {
        override hasPermission(request: Request) {
          if (super.hasPermission(request) !== true) throw new PermissionDenied();
          return true;
        }
      },
      'allows it inside of a not',
    ],
    'answers undefined for no': [
      class extends IsOfTenant {
        override hasPermission(request: Request) {
          return (super.hasPermission(request) || undefined) as boolean;
        }
      },
      'allows it inside of a not',
    ],
    'answers with what is merely true': [
      class extends IsOfTenant {
        override hasPermission() {
          return 'yes' as never;
        }
      },
      'allows a request of the tenant',
    ],
    'describes something else': [
      class extends IsOfTenant {
        override requirement(_controller: ApiView): Requirement {
          return { kind: 'scopes', match: 'any', values: ['tenant:acme'] };
        }
      },
      'describes what it enforces, where it describes it',
    ],
  };

  for (const [what, [Broken, promise]] of Object.entries(broken))
    it(`is not kept by a class that ${what}`, async () => {
      expect(await failing(permissionContract({ make: () => new Broken(), ...tenantCases }))).to.include(promise);
    });

  const ofAlice = {
    allowed: [{ title: 'of the owner', user: { sub: 'alice' }, object: { user: 'alice' } }],
    refused: [{ title: 'of another', user: { sub: 'alice' }, object: { user: 'bob' } }],
  };
  for (const [what, filter] of [
    ['more', allObjects],
    ['less', noObjects],
  ] as const)
    it(`is not kept by a class whose filter has ${what} objects than its object rule allows`, async () => {
      class Drifted extends IsSubOwner {
        override hasObjectPermission(...asked: Parameters<IsSubOwner['hasObjectPermission']>) {
          return super.hasObjectPermission(...asked);
        }
        override objectFilter() {
          return filter;
        }
      }
      const failed = await failing(permissionContract({ make: () => new Drifted(), ...ofAlice }));
      expect(failed).to.deep.equal(['filters a list as it decides about the object']);
    });

  it('does not use a filter that a subclass has replaced by an object rule of its own', () => {
    class Stricter extends IsSubOwner {
      override hasObjectPermission() {
        return false;
      }
    }
    const cases = permissionContract({ make: () => new Stricter(), ...ofAlice });
    expect(cases.map(({ name }) => name)).not.to.include('filters a list as it decides about the object');
  });

  class HasRoleForObjects extends IsOfTenant {
    override objectFilter({ user }: AxiomsRequest) {
      return whereEquals('tenant', user?.claims?.tenant as string);
    }
  }

  it('asks for an object if a permission with an object rule is negated in a case without one', async () => {
    const cases = permissionContract({ make: () => new HasRoleForObjects(), ...tenantCases });
    const negated = cases.find(({ name }) => name === 'refuses it inside of a not') as ContractCase;
    const error: unknown = await negated.run().catch((reason: unknown) => reason);
    expect(error)
      .to.be.instanceOf(ContractViolation)
      .with.property('message')
      .that.includes('undecided without one. Give the case an object.');
  });

  describe('is kept by a class with a rule for the request and a filter, whose cases have objects', () => {
    const withObject = (one: PermissionCase): PermissionCase => ({ ...one, object: { tenant: 'acme' } });
    register(
      permissionContract({
        make: () => new HasRoleForObjects(),
        allowed: tenantCases.allowed.map(withObject),
        refused: tenantCases.refused.map(withObject),
      }),
    );
  });

  it('shows nothing without a case of each kind', () => {
    const make = () => new IsOfTenant();
    expect(() => permissionContract({ make, ...tenantCases, refused: [] })).to.throw(RangeError);
    expect(() => permissionContract({ make, ...tenantCases, allowed: [] })).to.throw(RangeError);
  });
});

/** A store of a few lines; what it does wrong is a test's to say. */
class Counts implements CountingStore {
  now = 0;
  readonly #times = new Map<string, number[]>();

  hit(key: string, { amount, seconds }: { amount: number; seconds: number }) {
    const times = (this.#times.get(key) ?? []).filter(time => time > this.now - seconds);
    const isAllowed = times.length < amount;
    if (isAllowed) times.push(this.now);
    this.#times.set(key, times);
    return { isAllowed, remaining: amount - times.length, reset: seconds };
  }
}

describe('the contract of throttle stores', () => {
  const cases = (store: Counts) =>
    throttleStoreContract({ make: () => store, advance: seconds => void (store.now += seconds) });

  describe('is kept by one in memory', () => {
    register(cases(new Counts()));
  });

  const broken: Readonly<Record<string, [Counts, string]>> = {
    'reads and then writes': [
      new (class extends Counts {
        override hit(key: string, rate: { amount: number; seconds: number }) {
          const copy = Object.assign(new Counts(), { now: this.now });
          return this.later(() => super.hit(key, rate), copy) as never;
        }
        #reading = 0;
        async later(hit: () => ReturnType<Counts['hit']>, _copy: Counts) {
          this.#reading += 1;
          await new Promise(setImmediate);
          const answer = { ...hit(), isAllowed: this.#reading > 7 ? true : hit().isAllowed };
          this.#reading -= 1;
          return answer;
        }
      })(),
      'lets no more through of many that come at once',
    ],
    'counts all callers together': [
      new (class extends Counts {
        override hit(_key: string, rate: { amount: number; seconds: number }) {
          return super.hit('everybody', rate);
        }
      })(),
      'keeps keys apart, whatever they are spelled with',
    ],
    'lets one too many through': [
      new (class extends Counts {
        override hit(key: string, { amount, seconds }: { amount: number; seconds: number }) {
          return super.hit(key, { amount: amount + 1, seconds });
        }
      })(),
      'lets as many requests through as the rate says, and no more',
    ],
    'never forgets': [
      new (class extends Counts {
        override hit(key: string, { amount, seconds }: { amount: number; seconds: number }) {
          return super.hit(key, { amount, seconds: seconds * 100 });
        }
      })(),
      'lets requests through again once the first have left the window, not before',
    ],
    'counts what it refuses': [
      new (class extends Counts {
        readonly #last = new Map<string, number>();
        override hit(key: string, rate: { amount: number; seconds: number }) {
          const last = this.#last.get(key);
          const answer = super.hit(key, rate);
          const isBlocked = last !== undefined && this.now - last < rate.seconds;
          if (!answer.isAllowed || isBlocked) this.#last.set(key, this.now);
          return isBlocked ? { ...answer, isAllowed: false } : answer;
        }
      })(),
      'does not count what it refuses',
    ],
  };

  for (const [what, [store, promise]] of Object.entries(broken))
    it(`is not kept by a store that ${what}`, async () => {
      expect(await failing(cases(store))).to.include(promise);
    });
});

/** A denylist of a few lines. */
class Revocations implements RevokingStore {
  now = 1_700_000_000;
  protected readonly entries: Revoked[] = [];
  readonly #used = new Set<string>();

  revoke(which: Revoked): void {
    const { iss, jti, sub, sid, client_id, before, expiresAt, ...rest } = which;
    const given = [iss, jti, sub, sid, client_id].filter(value => value !== undefined);
    if (given.length < 2 || (iss as unknown) === undefined || given.some(value => typeof value !== 'string' || !value))
      throw new TypeError('unclear');
    if (Object.keys(rest).length > 0) throw new TypeError('unclear');
    this.entries.push({ ...which, before: before ?? Infinity, expiresAt: expiresAt ?? Infinity });
  }

  isRevoked(claims: Record<string, unknown>, _subject?: object, clockTolerance = 5): boolean {
    return this.entries.some(
      entry =>
        entry.iss === claims.iss &&
        this.isFresh(entry) &&
        this.isMeant(entry, claims) &&
        isBefore(entry, claims, clockTolerance),
    );
  }

  protected isFresh({ expiresAt }: Revoked): boolean {
    return expiresAt! + 300 > this.now;
  }

  protected isMeant({ jti, sub, sid, client_id }: Revoked, claims: Record<string, unknown>): boolean {
    if (jti !== undefined) return claims.jti === jti;
    if (client_id !== undefined) return (claims.client_id ?? claims.azp) === client_id;
    if (sid === undefined) return claims.sub === sub;
    return claims.sid === sid || (sub !== undefined && claims.sid === undefined && claims.sub === sub);
  }

  useOnce(iss: string, jti: string): boolean {
    const key = JSON.stringify([iss, jti]);
    const isFirst = !this.#used.has(key);
    this.#used.add(key);
    return isFirst;
  }
}

function isBefore({ before }: Revoked, { iat }: Record<string, unknown>, clockTolerance: number): boolean {
  return typeof iat !== 'number' || iat <= before! + clockTolerance;
}

describe('the contract of denylists', () => {
  const cases = (denylist: Revocations) =>
    denylistContract({
      make: () => denylist,
      now: () => denylist.now,
      advance: seconds => void (denylist.now += seconds),
    });

  describe('is kept by one in memory', () => {
    register(cases(new Revocations()));
  });

  const broken: Readonly<Record<string, [Revocations, string]>> = {
    'takes one issuer for another': [
      new (class extends Revocations {
        override isRevoked(claims: Record<string, unknown>) {
          return super.isRevoked(claims) || super.isRevoked({ ...claims, iss: String(claims.iss).slice(0, -1) });
        }
      })(),
      'refuses by sub, of this issuer alone, and by no other claim',
    ],
    'answers with the entry': [
      new (class extends Revocations {
        override isRevoked(claims: Record<string, unknown>) {
          return (super.isRevoked(claims) ? 'revoked' : 0) as never;
        }
      })(),
      'lets through what nobody revoked',
    ],
    'does not ask how much clocks may differ': [
      new (class extends Revocations {
        override isRevoked(claims: Record<string, unknown>) {
          return super.isRevoked(claims);
        }
      })(),
      'refuses what was issued until a logout or within the tolerance of clocks after it, and what does not say when',
    ],
    'keeps the last revocation alone': [
      new (class extends Revocations {
        override revoke(which: Revoked) {
          super.revoke(which);
          this.entries.splice(0, this.entries.length - 1);
        }
      })(),
      'is not narrowed by a second revocation',
    ],
    'forgets at once': [
      new (class extends Revocations {
        protected override isFresh({ expiresAt }: Revoked) {
          return expiresAt! > this.now + 59;
        }
      })(),
      'remembers until a revocation expires',
    ],
    'forgets when the token expires': [
      new (class extends Revocations {
        protected override isFresh({ expiresAt }: Revoked) {
          return expiresAt! > this.now;
        }
      })(),
      'remembers a revocation 300 seconds longer: a server may accept the tokens for as long',
    ],
    'lets everything be used again': [
      new (class extends Revocations {
        override useOnce() {
          return true;
        }
      })(),
      'lets one through of many that come at once',
    ],
    'takes what is unclear': [
      new (class extends Revocations {
        override revoke(which: Revoked) {
          this.entries.push({ before: Infinity, expiresAt: Infinity, ...which });
        }
      })(),
      'refuses a revocation that does not say clearly what is meant',
    ],
  };

  for (const [what, [denylist, promise]] of Object.entries(broken))
    it(`is not kept by a denylist that ${what}`, async () => {
      expect(await failing(cases(denylist))).to.include(promise);
    });
});

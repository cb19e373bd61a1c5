import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import type { Request } from 'express';
import { Body, Get, JsonController, Param, Post, Put } from 'routing-controllers';
import {
  BasePermission,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAuthenticated,
  IsAuthenticatedOrTokenHasScope,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  TokenHasScope,
  TokenMatchesOASRequirements,
  and,
  not,
  or,
  type ApiView,
  type AxiomsRequest,
  type Requirement,
} from 'axioms-routing-controllers';
import { ScopedRateThrottle } from 'axioms-routing-controllers/throttling';
import { Api, type Method } from '../api';

let isStarted = false;

/** How often something was evaluated, by name. */
const counts = new Map<string, number>();

function count<T>(name: string, value: T): T {
  counts.set(name, (counts.get(name) ?? 0) + 1);
  return value;
}

async function looked<T>(name: string, value: T): Promise<T> {
  count(name, value);
  await new Promise(setImmediate);
  return value;
}

const counted: unknown[] = [];

abstract class Things {
  declare request: AxiomsRequest;
  declare action: string;
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];
  unfilteredActions = ['list'];

  @Get('/') list() {
    return [];
  }
  @Post('/') create(@Body({ validate: false }) body: object) {
    return body;
  }
}

abstract class ThingsWithOwner extends Things {
  getObject() {
    return this.action === 'retrieve' || this.action === 'replace' ? { user: 'alice', iss: 'nobody' } : undefined;
  }
  @Get('/:id') retrieve(@Param('id') id: string) {
    return { id };
  }
  @Put('/:id') replace(@Param('id') id: string) {
    return { id };
  }
}

@JsonController('/async')
class AsyncThings extends Things {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return looked('scopes', ['a']);
  }
}

@JsonController('/sync')
class SyncThings extends Things {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return count('scopes', ['a']);
  }
}

@JsonController('/lazy')
class LazyThings extends Things {
  permissionClasses = [HasAccessTokenScopes];
  // As a query builder, which sends its query each time that it is awaited.
  get accessTokenScopes() {
    return {
      then: (resolve: (scopes: string[]) => void) => {
        resolve(count('scopes', ['a']));
      },
    } as unknown as Promise<string[]>;
  }
}

@JsonController('/three')
class ThreeThings extends Things {
  permissionClasses = [HasAccessTokenScopes, HasAccessTokenRoles];
  get accessTokenScopes() {
    return looked('scopes', ['b']);
  }
  get accessTokenAnyScopes() {
    return looked('any scopes', ['a']);
  }
  get accessTokenAllScopes() {
    return looked('all scopes', ['a', 'c']);
  }
  get accessTokenRoles() {
    return looked('roles', ['r']);
  }
}

@JsonController('/twice')
class TwiceThings extends ThingsWithOwner {
  permissionClasses = [HasAccessTokenScopes, or(HasAccessTokenScopes, IsSubOwner), not(not(HasAccessTokenScopes))];
  get accessTokenScopes() {
    return looked('scopes', ['a']);
  }
}

@JsonController('/composed')
class ComposedThings extends ThingsWithOwner {
  permissionClasses = [or(HasAccessTokenScopes, IsSubOwner)];
  get accessTokenScopes() {
    return looked('scopes', ['a']);
  }
  get ownerAttribute() {
    return count('owner attribute', 'user');
  }
}

@JsonController('/owned')
class OwnedThings extends ThingsWithOwner {
  permissionClasses = [or(IsSubOwnerOrSafeOnly, and(IsSubOwnerOrSafeOnly, HasAccessTokenScopes))];
  get accessTokenScopes() {
    return looked('scopes', ['a']);
  }
  get ownerAttribute() {
    return count('owner attribute', 'user');
  }
  get ownerIssuerAttribute() {
    return count('issuer attribute', 'iss');
  }
  get safeMethods() {
    return count('safe methods', ['GET']);
  }
}

@JsonController('/handled')
class HandledThings extends Things {
  permissionClasses = [and(HasAccessTokenScopes, IsSubOwner)];
  get accessTokenScopes() {
    return looked('scopes', ['a']);
  }
  @Get('/:id') async retrieve(@Param('id') id: string) {
    for (const user of ['bob', 'bob', id]) await this.checkObjectPermissions({ user });
    return { id };
  }
}

@JsonController('/required')
class RequiredThings extends Things {
  permissionClasses: unknown[] = [TokenHasScope];
  get requiredScopes() {
    return count('required scopes', ['a', 'c']);
  }
}

class TenantScopes extends TokenHasScope {
  override getScopes(request: Request, controller: ApiView) {
    return count('getScopes', [...super.getScopes(request, controller), 'tenant']);
  }
}

@JsonController('/tenant')
class TenantThings extends RequiredThings {
  override permissionClasses = [TenantScopes];
}

@JsonController('/hybrid')
class HybridThings extends RequiredThings {
  override permissionClasses = [IsAuthenticatedOrTokenHasScope];
}

@JsonController('/alternatives')
class AlternativeThings extends Things {
  permissionClasses = [TokenMatchesOASRequirements];
  get requiredAlternateScopes() {
    return count('alternatives', { GET: [['a'], ['b', 'c']], HEAD: [['a']], POST: [['a']] });
  }
}

class Described extends BasePermission {
  override hasPermission(request: Request) {
    return (request.user as { scopes?: string[] }).scopes?.includes('a') === true;
  }
  override requirement(): Promise<Requirement> {
    return looked('requirement', { kind: 'scopes', match: 'any', values: ['a'] });
  }
}

@JsonController('/described')
class DescribedThings extends Things {
  permissionClasses = [IsAuthenticated, Described];
}

@JsonController('/described-twice')
class TwiceDescribedThings extends Things {
  permissionClasses = [or(Described, TenantScopes), or(Described, and(IsAuthenticated, TenantScopes))];
  requiredScopes = ['t'];
}

class AskedOfDatabase extends HasAccessTokenScopes {
  override requirement(): Promise<Requirement> {
    return looked('requirement', { kind: 'scopes', match: 'any', values: ['a'] });
  }
}

@JsonController('/database')
class DatabaseThings extends Things {
  permissionClasses = [AskedOfDatabase];
}

@JsonController('/lists')
class ListedThings extends Things {
  get authenticationClasses() {
    return count('authentication classes', [HasValidAccessToken]);
  }
  get permissionClasses() {
    return count('permission classes', [HasAccessTokenScopes]);
  }
  get throttleClasses() {
    return count('throttle classes', [ScopedRateThrottle]);
  }
  get throttleScope() {
    return count('throttle scope', 'things');
  }
  accessTokenScopes = ['a'];
}

/** The work of the getter is done once what it looks at is there. */
@JsonController('/query')
class QueryThings extends Things {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    count('entered', undefined);
    const { tenant } = this.request.query as { tenant?: string };
    return looked('scopes', [tenant ?? 'a']);
  }
}

@JsonController('/body')
class BodyThings extends Things {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    if (this.request.method === 'GET') return count('scopes', ['a']);
    count('entered', undefined);
    const { scope } = (this.request.body ?? {}) as { scope?: string };
    return count('scopes', [scope ?? 'a']);
  }
}

/** Its getter is sync at startup, and looks at the query once the server has started. */
@JsonController('/later')
class LaterThings extends Things {
  permissionClasses = [HasAccessTokenScopes, or(HasAccessTokenScopes, HasAccessTokenRoles)];
  accessTokenRoles = ['r'];
  get accessTokenScopes() {
    if (!isStarted) return ['a'];
    count('entered', undefined);
    const { scope } = this.request.query as { scope: string };
    return count('scopes', [scope]);
  }
}

@JsonController('/slow-query')
class SlowQueryThings extends Things {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return looked('scopes', 'a').then(name => [(this.request.query as { scope?: string }).scope ?? name]);
  }
}

@JsonController('/reviews')
class ReviewThings extends Things {
  permissionClasses = [IsSubOwner];
  private isReview = false;
  get ownerAttribute() {
    return this.isReview ? 'reviewer' : 'author';
  }
  @Get('/:id') async retrieve(@Param('id') id: string) {
    await this.checkObjectPermissions({ author: 'bob', reviewer: 'carol' });
    this.isReview = true;
    await this.checkObjectPermissions({ author: 'bob', reviewer: id });
    return { id };
  }
}

const controllers = [
  LaterThings,
  SlowQueryThings,
  ReviewThings,
  AsyncThings,
  SyncThings,
  LazyThings,
  ThreeThings,
  TwiceThings,
  ComposedThings,
  OwnedThings,
  HandledThings,
  RequiredThings,
  TenantThings,
  HybridThings,
  AlternativeThings,
  DescribedThings,
  TwiceDescribedThings,
  DatabaseThings,
  ListedThings,
  QueryThings,
  BodyThings,
];

const good = { sub: 'bob', scope: 'a c tenant', roles: ['r'] };
const poor = { sub: 'carol', scope: 'z' };

/** Method, path, claims, status, and what must have been evaluated; everything else, not more than once. */
const requests: readonly (readonly [Method, string, object | null, number, readonly string[]])[] = [
  ...['/async', '/sync', '/lazy', '/twice', '/query', '/body'].flatMap(path => [
    ['get', path, good, 200, ['scopes']] as const,
    ['head', path, good, 200, ['scopes']] as const,
    ['post', path, good, 200, ['scopes']] as const,
    ['get', path, poor, 403, ['scopes']] as const,
    ['post', path, poor, 403, ['scopes']] as const,
    ['get', path, null, 401, []] as const,
  ]),
  ['get', '/query?tenant=z', poor, 200, ['scopes']],
  ['get', '/query?tenant=y', poor, 403, ['scopes']],
  ['get', '/later?scope=a', good, 200, ['scopes']],
  ['get', '/later?scope=x', good, 403, ['scopes']],
  ['get', '/later?scope=x', { sub: 'carol', scope: 'x' }, 200, ['scopes']],
  ['get', '/slow-query', good, 200, ['scopes']],
  ['get', '/slow-query?scope=x', good, 403, ['scopes']],
  ['get', '/reviews/bob', good, 200, []],
  ['get', '/reviews/carol', good, 403, []],
  ['get', '/three', good, 200, ['scopes', 'any scopes', 'all scopes', 'roles']],
  ['get', '/three', { ...good, roles: [] }, 403, ['scopes', 'any scopes', 'all scopes', 'roles']],
  ['get', '/three', poor, 403, ['scopes', 'any scopes', 'all scopes']],
  ['get', '/three', null, 401, []],
  ['get', '/composed', good, 200, ['scopes']],
  ['get', '/composed/1', good, 200, ['scopes']],
  ['get', '/composed/1', { sub: 'alice' }, 200, ['scopes', 'owner attribute']],
  ['get', '/composed/1', poor, 403, ['scopes', 'owner attribute']],
  ['put', '/composed/1', poor, 403, ['scopes', 'owner attribute']],
  ['get', '/composed/1', null, 401, []],
  ['get', '/owned/1', poor, 200, ['safe methods']],
  ['put', '/owned/1', good, 403, ['safe methods', 'owner attribute', 'issuer attribute', 'scopes']],
  ['put', '/owned/1', poor, 403, ['safe methods', 'owner attribute', 'issuer attribute', 'scopes']],
  ['put', '/owned/1', null, 401, []],
  ['get', '/handled/bob', good, 200, ['scopes']],
  ['get', '/handled/alice', good, 403, ['scopes']],
  ['get', '/required', good, 200, ['required scopes']],
  ['get', '/required', poor, 403, ['required scopes']],
  ['get', '/required', null, 401, []],
  ['get', '/tenant', good, 200, ['getScopes', 'required scopes']],
  ['get', '/tenant', poor, 403, ['getScopes', 'required scopes']],
  ['get', '/hybrid', good, 200, ['required scopes']],
  ['get', '/hybrid', poor, 403, ['required scopes']],
  ['get', '/alternatives', good, 200, ['alternatives']],
  ['get', '/alternatives', poor, 403, ['alternatives']],
  ['get', '/described', good, 200, []],
  ['get', '/described', poor, 403, ['requirement']],
  ['get', '/described', null, 401, []],
  ['get', '/described-twice', good, 200, ['getScopes']],
  ['get', '/described-twice', poor, 403, ['requirement', 'getScopes']],
  ['get', '/database', good, 200, ['requirement']],
  ['get', '/database', poor, 403, ['requirement']],
  ['get', '/lists', good, 200, ['authentication classes', 'permission classes', 'throttle classes', 'throttle scope']],
  ['get', '/lists', good, 429, ['authentication classes', 'permission classes', 'throttle classes', 'throttle scope']],
  ['get', '/lists', poor, 403, ['authentication classes', 'permission classes']],
  ['get', '/lists', null, 401, ['authentication classes']],
];

describe('getters and descriptions of rules', () => {
  const variants = [
    ['as the settings are', {}, false],
    ['with explain', { explain: true }, false],
    ['with errorResponseWithScopes', { errorResponseWithScopes: true }, false],
    ['with a subscriber to decisions', { explain: true, errorResponseWithScopes: true }, true],
  ] as const;

  for (const [variant, settings, isObserved] of variants)
    describe(variant, () => {
      let api: Api;
      const listen = (event: unknown): void => void counted.push(event);

      before(async () => {
        if (isObserved) subscribe('axioms:decision', listen);
        const axioms = { ...settings, throttleRates: { things: '1/day' } };
        isStarted = false;
        api = await Api.start({ controllers, axioms });
        isStarted = true;
      });
      after(async () => {
        if (isObserved) unsubscribe('axioms:decision', listen);
        await api.close();
      });

      for (const [method, path, claims, status, evaluated] of requests)
        it(`are evaluated once for ${method.toUpperCase()} ${path} that answers ${status}`, async () => {
          counts.clear();
          const asked = api.as(claims, method, path);
          const answer = await (method === 'post' ? asked.send({ some: 'body' }) : asked);
          expect(answer.status).to.equal(status);
          expect([...counts.keys()]).to.include.members([...evaluated]);
          // A getter that looks at the query or the body may be entered early, and is left at its first look.
          const most = [...counts].filter(([name]) => name !== 'entered').map(([, times]) => times);
          expect(Math.max(0, ...most), JSON.stringify([...counts])).to.be.at.most(1);
          expect(counts.get('entered') ?? 0).to.be.at.most(3);
        });
    });
});

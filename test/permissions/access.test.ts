import { expect } from 'chai';
import { Delete, Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  DenyAll,
  HasAccessTokenPermissions,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  IsAdminUser,
  IsAuthenticated,
  IsAuthenticatedOrPublicMethod,
  IsAuthenticatedOrReadOnly,
  IsAuthenticatedOrTokenHasScope,
  IsSafeOnly,
  IsSubOwner,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from 'axioms-routing-controllers';
import { isAskedBeforeTheBody, type PermissionClass } from '../../src/permissions/base';
import { requiresAccessToken, requiresGrants } from '../../src/permissions/required-grants';
import { Api } from '../api';
import { startError } from '../start-error';

const ownClasses: readonly PermissionClass[] = [
  AllowAny,
  DenyAll,
  IsAuthenticated,
  IsAdminUser,
  IsAuthenticatedOrReadOnly,
  IsAuthenticatedOrPublicMethod,
  IsSafeOnly,
  IsSubOwner,
  HasAccessTokenScopes,
  HasAccessTokenRoles,
  HasAccessTokenPermissions,
  TokenHasScope,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  IsAuthenticatedOrTokenHasScope,
  TokenMatchesOASRequirements,
  requiresGrants('ReadsBooks', { kind: 'scopes', match: 'any', values: ['book:read'] }),
  requiresAccessToken('ByToken'),
];

describe("The library's own permission classes", () => {
  for (const permissionClass of ownClasses) {
    const { name } = permissionClass;

    it(`${name} is asked before the body is read, and a subclass with a rule of its own is not`, () => {
      class Own extends (permissionClass as typeof AllowAny) {
        override hasPermission(): boolean {
          return true;
        }
      }
      expect(isAskedBeforeTheBody(new permissionClass())).to.equal(true);
      expect(isAskedBeforeTheBody(new Own())).to.equal(false);
    });
  }
});

describe('safeMethods', () => {
  class Base {
    permissionClasses = [IsSafeOnly];
    safeMethods?: unknown;

    @Get('/') list(): object {
      return {};
    }
    @Delete('/') clear(): object {
      return {};
    }
  }

  @JsonController('/usual')
  class Usual extends Base {}

  @JsonController('/deleting')
  class Deleting extends Base {
    override safeMethods = ['DELETE'];
  }

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [Usual, Deleting] });
  });
  after(() => api.close());

  for (const [method, path, status] of [
    ['get', '/usual', 200],
    ['delete', '/usual', 403],
    ['get', '/deleting', 403],
    ['delete', '/deleting', 200],
  ] as const) {
    it(`make ${method} ${path} answer ${status}`, async () => {
      expect((await api.as({}, method, path)).status).to.equal(status);
    });
  }

  for (const wrong of ['GET', {}, [undefined], ['GET', 7]]) {
    it(`stop the start where they are ${JSON.stringify(wrong)}`, () => {
      @JsonController('/wrong')
      class Wrong extends Base {
        override safeMethods = wrong;
      }
      expect(startError(Wrong)).to.contain(
        "Wrong.safeMethods must be a list of HTTP methods, such as ['GET', 'HEAD'].",
      );
    });
  }
});

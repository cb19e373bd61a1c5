/** The audit's requirement of a handler that takes every method was false for each method that it does not list. */
import { expect } from 'chai';
import { All, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  ApiController,
  DenyAll,
  HasAccessTokenScopes,
  IsAuthenticated,
  IsSafeOnly,
  IsSubOwner,
  auditRoutes,
  ImproperlyConfigured,
  not,
  or,
} from 'axioms-routing-controllers';
import { normalForm } from 'axioms-routing-controllers/filters';
import { Api } from '../api';
import { callerOf, judge } from '../../src/core/requirements/judge';
import { audience, silentLogger } from '../issuer/test-issuer';

const usual = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

@JsonController('/scoped')
class ScopedController {
  permissionClasses = [or(IsSafeOnly, HasAccessTokenScopes)];
  accessTokenScopes = ['w'];
  @All('/') serve() {
    return {};
  }
}

@JsonController('/owned')
class OwnedController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override getObject() {
    return { user: 'alice' };
  }
  @All('/') async serve() {
    normalForm(await this.authorizedFilter());
    return {};
  }
}

@JsonController('/closed')
class ClosedController {
  permissionClasses = [or(IsSafeOnly, DenyAll)];
  safeMethods = usual;
  @All('/') serve() {
    return {};
  }
}

@JsonController('/reversed')
class ReversedController {
  permissionClasses = [or(not(IsSafeOnly), HasAccessTokenScopes)];
  accessTokenScopes = ['admin'];
  safeMethods = usual;
  @All('/') serve() {
    return {};
  }
}

@JsonController('/same')
class SameController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['w'];
  @All('/') serve() {
    return {};
  }
}

@JsonController('/shadowed')
class OpenForOtherMethodsController {
  permissionClasses = [or(not(IsSafeOnly), IsAuthenticated)];
  safeMethods = usual;
  @All('/:id') serve() {
    return {};
  }
}

@JsonController('/shadowed')
class ShadowedController {
  permissionClasses = [IsAuthenticated];
  @All('/one') serve() {
    return {};
  }
}

const controllers = [ScopedController, OwnedController, ClosedController, ReversedController, SameController];
const callers = { 'an anonymous caller': null, 'a caller with a scope': { sub: 'bob', scope: 'w' } };

describe('the audit of a handler that takes every method', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers });
  });
  after(() => api.close());

  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE'] as const)
    for (const [who, claims] of Object.entries(callers))
      it(`says what is enforced for ${method} of ${who}`, async () => {
        const grants = { scopes: claims === null ? [] : ['w'], roles: [], permissions: [] };
        for (const { path, requirement, rule } of api.server.audit()) {
          const send = request(api.app)[method.toLowerCase() as 'get'](path);
          if (claims !== null) void send.set('Authorization', `Bearer ${api.issuer.token(claims)}`);
          const { status } = await send;
          const isAdmitted =
            judge(requirement, callerOf({ isAuthenticated: claims !== null, grants }, method)) === true;
          expect(isAdmitted, `${method} ${path}: ${rule}`).to.equal(status === 200);
        }
      });

  it('names the methods of each case, and the rest', () => {
    const rules = api.server.audit().map(({ path, who, rule }) => `${path} | ${who} | ${rule}`);
    expect(rules).to.deep.equal([
      '/scoped/ | anyone | only GET, HEAD, OPTIONS or (any method but GET, HEAD, OPTIONS and the scope w)',
      '/owned/ | some | (any method but PUT, PATCH, DELETE and authenticated) or (only PUT, PATCH, DELETE and the owner (user)); each object of the list: the owner (user)',
      '/closed/ | anyone | only GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      '/reversed/ | anyone | (only GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS and the scope admin) or any method but GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      '/same/ | some | the scope w',
    ]);
  });

  it('stops the start where the rules of an earlier route are more open for a method that neither lists', () => {
    const axioms = { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: silentLogger };
    expect(() => auditRoutes({ controllers: [OpenForOtherMethodsController, ShadowedController], axioms })).to.throw(
      ImproperlyConfigured,
      /^ShadowedController.serve \(ALL \/shadowed\/one\) is never reached/,
    );
  });
});

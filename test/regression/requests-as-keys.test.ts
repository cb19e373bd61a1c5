import { expect } from 'chai';
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  HasAccessTokenScopes,
  IsAuthenticated,
  TokenHasScope,
  useExpressServer,
  type ApiView,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';
import { startError } from '../start-error';

/** What a middleware in front of the server finds out about requests. */
const privateOnes = new WeakSet<object>();

function noteTenant(request: Request, response: Response, next: NextFunction): void {
  if (request.get('x-tenant') === 'private') {
    privateOnes.add(request);
    privateOnes.add(response);
  }
  next();
}

abstract class Notes {
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  accessTokenScopes: readonly string[] = ['note:private'];
  @Get('/') list() {
    return { isPrivate: privateOnes.has(this.request) };
  }
}

const scoped = [HasAccessTokenScopes];
const open = [AllowAny];

@JsonController('/request')
class ByRequest extends Notes {
  get permissionClasses() {
    return privateOnes.has(this.request) ? scoped : open;
  }
}

@JsonController('/method')
class ByRequestBehindTheMethod extends Notes {
  get permissionClasses() {
    return this.request.method === 'GET' && privateOnes.has(this.request) ? scoped : open;
  }
}

@JsonController('/before-method')
class ByRequestBeforeTheMethod extends Notes {
  get permissionClasses() {
    const isPrivate = privateOnes.has(this.request);
    return isPrivate && this.request.method === 'GET' ? scoped : open;
  }
}

@JsonController('/response')
class ByResponse extends Notes {
  get permissionClasses() {
    return privateOnes.has(this.response) ? scoped : open;
  }
}

@JsonController('/scopes')
class ScopesByRequest {
  declare request: ApiView['request'];
  readonly permissionClasses = scoped;
  get accessTokenScopes() {
    return privateOnes.has(this.request) ? ['note:private'] : ['note:read'];
  }
  @Get('/') list() {
    return {};
  }
}

class TenantScopes extends TokenHasScope {
  override getScopes(request: Request) {
    return privateOnes.has(request) ? ['note:private'] : ['note:read'];
  }
}

@JsonController('/own-class')
class ScopesOfOwnClass extends Notes {
  readonly permissionClasses = [TenantScopes];
}

@JsonController('/by-method')
class ByMethod extends Notes {
  get permissionClasses() {
    const { request } = this;
    return request.method === 'GET' || request.method === 'HEAD' ? [IsAuthenticated] : open;
  }
}

@JsonController('/lists')
class ActionsByRequest extends Notes {
  readonly permissionClasses = open;
  get notObjectActions() {
    return privateOnes.has(this.request) ? [] : ['list'];
  }
}

describe('a getter that looks up what the app knows of this.request decided without it', () => {
  let issuer: TestIssuer;
  const app = express();
  before(async () => {
    issuer = await TestIssuer.start();
    app.use(noteTenant);
    const controllers = [
      ByRequest,
      ByRequestBehindTheMethod,
      ByRequestBeforeTheMethod,
      ByResponse,
      ScopesByRequest,
      ScopesOfOwnClass,
      ByMethod,
    ];
    useExpressServer(app, { controllers, axioms: issuer.settings() });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  const get = (path: string, scope: string) =>
    request(app)
      .get(path)
      .set('Authorization', `Bearer ${issuer.token({ scope })}`);

  const ruleOf = (path: string) =>
    (app.locals.axioms as AxiomsServer).audit().find(one => one.path.startsWith(path))?.rule;

  for (const path of ['/request', '/method', '/before-method', '/response'])
    it(`the whole list: ${path}`, async () => {
      expect(ruleOf(path)).to.equal('decided per request');
      expectRefusal(await get(path, 'note:read').set('X-Tenant', 'private'), 'insufficient_scope', 'note:private');
      expect((await get(path, 'note:private').set('X-Tenant', 'private')).status).to.equal(200);
      expect((await request(app).get(path)).status).to.equal(200);
    });

  for (const path of ['/scopes', '/own-class'])
    it(`the scopes: ${path}`, async () => {
      expect(ruleOf(path)).to.equal('authenticated and decided per request');
      expectRefusal(await get(path, 'note:read').set('X-Tenant', 'private'), 'insufficient_scope', 'note:private');
      expect((await get(path, 'note:private').set('X-Tenant', 'private')).status).to.equal(200);
      expect((await get(path, 'note:read')).status).to.equal(200);
    });

  it('the list of object actions stops the start', () => {
    expect(startError(ActionsByRequest)).to.contain('may not look at the request');
  });

  it('a getter that reads the method of this.request is known at startup', async () => {
    expect(ruleOf('/by-method')).to.equal('authenticated');
    expectRefusal(await request(app).get('/by-method'), 'not_authenticated');
  });
});

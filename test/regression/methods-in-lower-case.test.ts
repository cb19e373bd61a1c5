/** Express matches methods without regard to case, and the rules must follow the route that it finds. */
import { expect } from 'chai';
import express, { type Express } from 'express';
import { Delete, Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { IsAuthenticatedOrReadOnly, IsSubOwner, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, notAuthenticated, permissionDenied } from '../refusals';

const handled: string[] = [];

@JsonController('/notes/:id')
class NoteController {
  permissionClasses = [IsSubOwner];
  declare request: express.Request;
  getObject() {
    return { user: 'alice' };
  }
  @Delete('/') remove() {
    handled.push(this.request.method);
    return {};
  }
}

@JsonController('/pages')
class PageController {
  permissionClasses = [IsAuthenticatedOrReadOnly];
  @Get('/') list() {
    handled.push('list');
    return [];
  }
  @Delete('/') clear() {
    handled.push('clear');
    return {};
  }
}

describe('regression: a method that a middleware has taken from the client in another case', () => {
  let app: Express;
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    app.use((given, _response, next) => {
      const { method } = given.query;
      if (typeof method === 'string') given.method = method;
      next();
    });
    useExpressServer(app, { controllers: [NoteController, PageController], axioms: issuer.settings() });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    handled.length = 0;
  });

  const post = (path: string, sub?: string) => {
    const sent = request(app).post(path);
    return sub === undefined ? sent : sent.set('Authorization', `Bearer ${issuer.token({ sub })}`);
  };

  for (const method of ['DELETE', 'delete', 'Delete']) {
    it(`asks the object rule: ${method}`, async () => {
      expectExactRefusal(await post(`/notes/1?method=${method}`, 'bob'), permissionDenied);
      expect(handled).to.deep.equal([]);
      expect((await post(`/notes/1?method=${method}`, 'alice')).status).to.equal(200);
      expect(handled).to.deep.equal(['DELETE']);
    });

    it(`asks the rule for this method: ${method}`, async () => {
      expectExactRefusal(await post(`/pages?method=${method}`), notAuthenticated);
      expect(handled).to.deep.equal([]);
    });
  }

  it('asks the rule of GET for get', async () => {
    expect((await post('/pages?method=get')).status).to.equal(200);
    expect(handled).to.deep.equal(['list']);
  });
});

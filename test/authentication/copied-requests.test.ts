/** Copies of a request are requests of their own, and a request shows nothing that another one sent. */
import { once } from 'node:events';
import { Agent, createServer, ServerResponse, request as ask, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  SessionAuthentication,
  callerOf,
  isAuthenticated,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { TestIssuer } from '../issuer/test-issuer';

const handled: string[] = [];

type Answers = (status: number, body: string) => void;

/** A response that goes nowhere, so that the copy's answer can be looked at. */
function innerResponse(copy: Request, answered: Answers): Response {
  const inner = new ServerResponse(copy);
  inner.end = (chunk?: unknown) => {
    answered(inner.statusCode, String(chunk));
    return inner;
  };
  return inner as Response;
}

const withoutToken = { authorization: undefined, cookie: undefined, host: 'localhost' };

const copies: Readonly<Record<string, (outer: Request, url: string) => Request>> = {
  'a proxy that hides the header': (outer, url) =>
    new Proxy(outer, {
      get: (target, name) => {
        if (name === 'headers') return withoutToken;
        return name === 'url' || name === 'originalUrl' ? url : (Reflect.get(target, name) as unknown);
      },
      set: () => true,
    }),
  'a proxy that keeps what is written to it': (outer, url) => {
    const own: Record<PropertyKey, unknown> = { headers: withoutToken, url, originalUrl: url };
    return new Proxy(outer, {
      get: (target, name) => (Object.hasOwn(own, name) ? own[name] : (Reflect.get(target, name) as unknown)),
      set: (_, name, value) => {
        own[name] = value;
        return true;
      },
    });
  },
  'an heir': (outer, url) =>
    Object.assign(Object.create(outer) as Request, { headers: withoutToken, url, method: outer.method }),
  'a spread with the prototype': (outer, url) =>
    Object.assign(Object.create(Object.getPrototypeOf(outer) as object) as Request, outer, {
      headers: withoutToken,
      url,
      method: outer.method,
    }),
};

let app: Express;

@JsonController('/batch')
class BatchController {
  declare request: AxiomsRequest;

  @Get('/:way/:inner') async send() {
    handled.push('batch');
    const { way, inner } = this.request.params as { way: string; inner: string };
    const answer = await new Promise<object>(resolve => {
      const copy = copies[way]!(this.request, `/${inner}`);
      const response = innerResponse(copy, (status, body) => {
        resolve({ status, body });
      });
      (app as unknown as { handle(...given: unknown[]): void }).handle(copy, response, () => {
        resolve({ status: 404 });
      });
    });
    return { answer, outer: this.request.user?.sub, isStillKnown: isAuthenticated(this.request) };
  }
}

@JsonController('/inner')
class InnerController {
  @Get('/') get() {
    handled.push('inner');
    return {};
  }
}

@JsonController('/session')
class SessionController {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  @Get('/') get() {
    handled.push('session');
    return {};
  }
}

/** As above, for a caller of a session; what is written to this copy reaches the request. */
@JsonController('/errand')
class ErrandController {
  authenticationClasses = [SessionAuthentication];
  declare request: AxiomsRequest;

  @Get('/') async send() {
    const outer = this.request;
    const before = callerOf(outer).sub;
    const headers = { authorization: outer.get('x-inner'), host: 'localhost' };
    const status = await new Promise<number>(resolve => {
      const copy = new Proxy(outer, {
        get: (target, name) => {
          if (name === 'headers') return headers;
          return name === 'url' || name === 'originalUrl' ? '/inner' : (Reflect.get(target, name) as unknown);
        },
      });
      const response = innerResponse(copy, resolve);
      (app as unknown as { handle(...given: unknown[]): void }).handle(copy, response, () => {
        resolve(404);
      });
    });
    return { before, status, after: callerOf(outer).sub ?? 'nobody', isStillKnown: isAuthenticated(outer) };
  }
}

describe('A copy of a request', () => {
  let issuer: TestIssuer;
  beforeEach(async () => {
    issuer = await TestIssuer.start();
    const signedIn = express().use((given, _response, next) => {
      Object.assign(given, { session: given.path === '/errand' ? { user: { sub: 'alice' } } : undefined });
      next();
    });
    app = useExpressServer(signedIn, {
      controllers: [BatchController, ErrandController, InnerController, SessionController],
      axioms: issuer.settings(),
    });
    handled.length = 0;
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  // Regression: accessors of the requests' prototype found the outer request's caller for a proxy of it.
  for (const way of Object.keys(copies))
    for (const inner of ['inner', 'session'])
      it(`never runs as the caller of the request that it was made from: ${way}, at /${inner}`, async () => {
        const told = await request(app)
          .get(`/batch/${encodeURIComponent(way)}/${inner}`)
          .set('Authorization', `Bearer ${issuer.token({ sub: 'alice' })}`)
          .expect(200);
        const { answer, ...outer } = told.body as { answer: { status: number }; outer: string };
        expect(answer.status).to.be.oneOf([401, 500]);
        expect(handled).to.deep.equal(['batch']);
        expect(outer).to.deep.equal({ outer: 'alice', isStillKnown: true });
      });

  it('does not make its caller the user of the session that it was made from', async () => {
    const told = await request(app)
      .get('/errand')
      .set('X-Inner', `Bearer ${issuer.token({ sub: 'bob' })}`)
      .expect(200);
    expect(told.body).to.deep.equal({ before: 'alice', status: 200, after: 'nobody', isStillKnown: false });
    expect(handled).to.deep.equal(['inner']);
  });
});

const shown: string[] = [];

@JsonController('/shown')
class ShownController {
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;
  @Get('/') get() {
    shown.push(inspect(this.request, { depth: 12, showHidden: true }));
    return {};
  }
}

function replaceRawHeaders(given: Request, _response: Response, next: NextFunction): void {
  given.rawHeaders = [...given.rawHeaders, 'X-Added', 'yes'];
  setImmediate(next);
}

@JsonController('/replaced')
class ReplacedController {
  declare request: AxiomsRequest;
  @Get('/') @UseBefore(replaceRawHeaders) get() {
    return { sub: this.request.user?.sub };
  }
}

describe('A request on a connection that stays open', () => {
  let api: Api;
  let server: Server;
  let agent: Agent;

  beforeEach(async () => {
    api = await Api.start({ controllers: [ShownController, ReplacedController] });
    server = createServer(api.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    shown.length = 0;
  });
  afterEach(async () => {
    agent.destroy();
    server.close();
    await api.close();
  });

  async function get(path: string, token?: string): Promise<IncomingMessage> {
    const { port } = server.address() as AddressInfo;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = ask({ host: '127.0.0.1', port, path, agent, headers });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response;
  }

  // Regression: the last token of a connection was a property of its socket.
  it('shows nothing of what another request of the connection sent', async () => {
    const alice = api.issuer.token({ sub: 'alice-the-first', scope: 'secret:scope' });
    for (let time = 0; time < 4; time += 1) await get('/shown', alice);
    shown.length = 0;
    await get('/shown');
    await get('/shown', api.issuer.token({ sub: 'bob' }));
    expect(shown).to.have.length(2);
    for (const text of shown) {
      expect(text).not.to.include('alice-the-first').and.not.to.include('secret:scope');
      for (const part of alice.split('.').slice(1)) expect(text).not.to.include(part);
    }
  });
});

describe('A middleware that replaces the raw header fields', () => {
  // Regression: the context of a request was kept with its rawHeaders, behind a cache of one entry.
  it('answers overlapping requests as it answers one alone', async () => {
    const api = await Api.start({ controllers: [ReplacedController] });
    try {
      const ask = (sub: string) => api.with(api.issuer.token({ sub }), 'get', '/replaced');
      expect((await ask('alone')).body).to.deep.equal({ sub: 'alone' });
      const subjects = Array.from({ length: 20 }, (_, index) => `user-${index}`);
      const answers = await Promise.all(subjects.map(ask));
      expect(answers.map(({ status, body }) => [status, body as unknown])).to.deep.equal(
        subjects.map(sub => [200, { sub }]),
      );
    } finally {
      await api.close();
    }
  });
});

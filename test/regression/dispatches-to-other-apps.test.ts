/**
 * A middleware that dispatched its request to another app, with a response of the dispatch's own, left the note of that app
 * on the request. A guard behind it then used the server of the other app: one API accepted the tokens of the other, and
 * refused its own.
 */
import { ServerResponse } from 'node:http';
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import request from 'supertest';
import { guardApp, requireAccessToken, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

type Name = 'staff' | 'customers';
const names = ['staff', 'customers'] as const;

type Handling = Express & { handle(given: Request, response: Response, done?: NextFunction): void };

/** A response that goes nowhere. */
function innerResponse(given: Request, ended: () => void): Response {
  const inner = new ServerResponse(given);
  inner.end = () => {
    ended();
    return inner;
  };
  return inner as Response;
}

function proxyOf<T extends object>(target: T, own: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => (Object.hasOwn(own, name) ? own[name as keyof T] : (Reflect.get(target, name) as unknown)),
  });
}

/** Asks the app for `/flags` on the way of a request, and goes on when it has answered. */
type Dispatch = (app: Handling, given: Request, response: Response, goOn: () => void) => void;

/** The request itself, whose URL is another one meanwhile. */
function withUrl(given: Request, goOn: () => void): () => void {
  const { url } = given;
  given.url = '/flags';
  return () => {
    given.url = url;
    goOn();
  };
}

const dispatches: Readonly<Record<string, Dispatch>> = {
  'the request': (app, given, _response, goOn) => {
    app.handle(given, innerResponse(given, withUrl(given, goOn)));
  },
  'the request and a callback': (app, given, _response, goOn) => {
    app.handle(given, innerResponse(given, withUrl(given, goOn)), () => undefined);
  },
  'a proxy of the request': (app, given, _response, goOn) => {
    app.handle(proxyOf(given, { url: '/flags' }), innerResponse(given, goOn));
  },
  'the request twice': (app, given, _response, goOn) => {
    const again = (): void => {
      app.handle(given, innerResponse(given, withUrl(given, goOn)));
    };
    app.handle(given, innerResponse(given, withUrl(given, again)));
  },
};

/** Express changes the prototype of the response through the proxy. */
const withProxyOfResponse: Dispatch = (app, given, response, goOn) => {
  const ended = withUrl(given, goOn);
  const end = (): Response => {
    ended();
    return response;
  };
  app.handle(given, proxyOf(response, { end, setHeader: () => response }));
};

describe('regression: a request that a middleware dispatches to another app on its way', () => {
  forbidStrayErrors();
  const issuers = {} as Record<Name, TestIssuer>;
  let apps: Record<Name, Handling>;
  let ran: string[];

  before(async () => {
    for (const name of names) issuers[name] = await TestIssuer.start();
  });
  after(async () => {
    for (const name of names) await issuers[name].close();
  });
  beforeEach(() => {
    ran = [];
    apps = { staff: express() as Handling, customers: express() as Handling };
    for (const name of names) {
      apps[name].set('env', 'test');
      guardApp(apps[name], { ...issuers[name].settings(), logger: new RecordingLogger(), realm: name });
    }
    apps.customers.get('/flags', (_given, response) => {
      response.json({});
    });
  });
  afterEach(() => {
    for (const name of names) (apps[name].locals.axioms as AxiomsServer).close();
  });

  function dispatchBy(dispatch: Dispatch): void {
    apps.staff.use((given, response, next) => {
      dispatch(apps.customers, given, response, () => {
        next();
      });
    });
  }

  const inner = (): Express => express().set('env', 'test').get('/export', requireAccessToken(), handler);

  function handler(given: Request, response: Response): void {
    ran.push(given.user?.sub ?? 'nobody');
    response.json([]);
  }

  async function answerTo(by: Name, path: string): Promise<readonly [number, string | undefined]> {
    const token = issuers[by].token({ sub: by });
    const { status, headers } = await request(apps.staff).get(path).set('Authorization', `Bearer ${token}`);
    return [status, headers['www-authenticate']];
  }

  const refusal =
    'Bearer realm="staff", error="invalid_token", error_description="The access token is from another issuer"';

  async function expectOnlyStaff(path: string): Promise<void> {
    expect(await answerTo('customers', path)).to.deep.equal([401, refusal]);
    expect(await answerTo('staff', path)).to.deep.equal([200, undefined]);
    expect(ran).to.deep.equal(['staff']);
  }

  async function expectFault(path: string): Promise<void> {
    for (const by of names) expect(await answerTo(by, path)).to.deep.equal([500, undefined]);
    expect(ran).to.deep.equal([]);
  }

  for (const [what, dispatch] of Object.entries(dispatches)) {
    it(`takes the tokens of its own app in an app that both mount, after a dispatch of ${what}`, async () => {
      dispatchBy(dispatch);
      const shared = inner();
      for (const name of names) apps[name].use('/r', shared);
      await expectOnlyStaff('/r/export');
    });

    it(`takes the tokens of its own app in that app itself, after a dispatch of ${what}`, async () => {
      dispatchBy(dispatch);
      apps.staff.get('/export', requireAccessToken(), handler);
      await expectOnlyStaff('/export');
    });
  }

  it('takes the tokens of its own app in an app that both mount, after a dispatch with a proxy of the response', async () => {
    dispatchBy(withProxyOfResponse);
    const shared = inner();
    for (const name of names) apps[name].use('/r', shared);
    await expectOnlyStaff('/r/export');
  });

  it('runs nothing where Express takes another app for the app of the response', async () => {
    dispatchBy(withProxyOfResponse);
    apps.staff.get('/export', requireAccessToken(), handler);
    await expectFault('/export');
  });

  it('takes the tokens of the other app in the dispatch itself', async () => {
    apps.customers.get('/export', requireAccessToken(), handler);
    apps.staff.use((given, response) => {
      const answer = innerResponse(given, () => response.status(answer.statusCode).end());
      apps.customers.handle(given, answer);
    });
    expect((await answerTo('customers', '/export'))[0]).to.equal(200);
    expect((await answerTo('staff', '/export'))[0]).to.equal(401);
    expect(ran).to.deep.equal(['customers']);
  });

  function dispatchTo(app: Express): void {
    apps.staff.use((given, response) => {
      const answer = innerResponse(given, () => response.status(answer.statusCode).end());
      (app as Handling).handle(given, answer, () => response.status(500).end());
    });
  }

  for (const [what, order] of [
    ['first', names],
    ['last', [...names].reverse()],
  ] as const)
    it(`runs nothing where the dispatch goes to an app that both mount, and the own app has mounted it ${what}`, async () => {
      const shared = inner();
      for (const name of order) apps[name].use('/r', shared);
      dispatchBy(dispatches['the request']!);
      dispatchTo(shared);
      await expectFault('/export');
    });
});

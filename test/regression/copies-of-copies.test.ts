/**
 * A handler dispatched a copy of its request, with a token, and the handler of the copy dispatched a copy of the copy,
 * without any credentials. The guard compared the user of the second copy with what it had written on the original, and
 * took the token's user for a user that the app had set: a session.
 */
import { ServerResponse } from 'node:http';
import { expect } from 'chai';
import express, { Router, type Express, type Request, type Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  IsAuthenticated,
  SessionAuthentication,
  callerOf,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

type Changes = Readonly<Record<PropertyKey, unknown>>;

const copies = {
  heir: (of: Request, changes: Changes) => define(Object.create(of) as Request, changes),
  proxy: (of: Request, changes: Changes) => {
    const own: Record<PropertyKey, unknown> = { ...changes };
    return new Proxy(of, {
      get: (target, name) => (Object.hasOwn(own, name) ? own[name] : (Reflect.get(target, name) as unknown)),
      set: (_, name, value) => {
        own[name] = value;
        return true;
      },
    });
  },
  'proxy that writes to its target': (of: Request, changes: Changes) =>
    new Proxy(of, {
      get: (target, name) => (Object.hasOwn(changes, name) ? changes[name] : (Reflect.get(target, name) as unknown)),
    }),
  spread: (of: Request, changes: Changes) =>
    define(Object.assign(Object.create(Object.getPrototypeOf(of) as object) as Request, of), changes),
};

type Kind = keyof typeof copies;
const kinds = Object.keys(copies) as Kind[];

function define(copy: Request, changes: Changes): Request {
  for (const [name, value] of Object.entries(changes))
    Object.defineProperty(copy, name, { value, writable: true, enumerable: true, configurable: true });
  return copy;
}

interface Step {
  readonly kind: Kind;
  readonly url: string;
  readonly token?: string;
}

interface Answer {
  readonly status: number;
  readonly challenge?: unknown;
}

let app: Express;
let router: Router;
const handled: string[] = [];

function dispatch(copy: Request): Promise<Answer> {
  return new Promise(resolve => {
    const inner = new ServerResponse(copy) as Response;
    Object.setPrototypeOf(inner, app.response);
    inner.end = () => {
      resolve({ status: inner.statusCode, challenge: inner.getHeader('www-authenticate')?.toString() });
      return inner;
    };
    router(copy, inner, () => {
      resolve({ status: 404 });
    });
  });
}

let last: Answer;

/** Dispatches a copy of its request for the next step. */
@JsonController('/relay')
class RelayController {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  permissionClasses = [IsAuthenticated];
  declare request: AxiomsRequest & { steps?: readonly Step[] };

  @Get('/') async send() {
    handled.push(callerOf(this.request).sub ?? 'nobody');
    const [step, ...steps] = this.request.steps ?? (JSON.parse(this.request.get('x-steps') ?? '') as Step[]);
    const { kind, url, token } = step!;
    const headers = { host: 'localhost', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    const rawHeaders = Object.entries(headers).flat();
    const changes = { headers, rawHeaders, url, originalUrl: url, method: 'GET', steps };
    const answer = await dispatch(copies[kind](this.request as Request, changes));
    if (steps.length === 0) last = answer;
    return {};
  }
}

abstract class Guarded {
  permissionClasses = [IsAuthenticated];
  declare request: Request;
  @Get('/') get() {
    handled.push(`${callerOf(this.request).sub ?? 'nobody'} at the end`);
    return {};
  }
}

@JsonController('/both')
class BothController extends Guarded {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
}

@JsonController('/session')
class SessionController extends Guarded {
  authenticationClasses = [SessionAuthentication];
}

const refusals: readonly (readonly [string, Answer])[] = [
  ['/both', { status: 401, challenge: 'Bearer realm="api"' }],
  ['/session', { status: 403, challenge: undefined }],
];

describe('regression: a copy of a copy of a request', () => {
  forbidStrayErrors();
  let issuer: TestIssuer;
  const tokens = new Map<string, string>();

  before(async () => {
    issuer = await TestIssuer.start();
    for (const sub of ['alice', 'bob', 'carol']) tokens.set(sub, issuer.token({ sub }));
    app = express().use((given, _response, next) => {
      const user = given.get('x-session');
      if (user !== undefined) Object.assign(given, { user: { sub: user } });
      next();
    });
    router = Router();
    app.use(router);
    const controllers = [RelayController, BothController, SessionController];
    useExpressServer(router, { controllers, axioms: { ...issuer.settings(), realm: 'api' } });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer | undefined)?.close();
    await issuer.close();
  });
  beforeEach(() => {
    handled.length = 0;
  });

  /** Sends the steps with a token of alice. */
  async function relay(steps: readonly Step[], headers = { Authorization: `Bearer ${tokens.get('alice')}` }) {
    await request(app).get('/relay').set(headers).set('X-Steps', JSON.stringify(steps)).expect(200);
  }

  const stepOf = (kind: Kind, url: string, sub?: string): Step => ({
    kind,
    url,
    ...(sub === undefined ? {} : { token: tokens.get(sub)! }),
  });

  for (const [url, refusal] of refusals)
    for (const first of kinds)
      for (const second of kinds)
        for (const sub of ['alice', 'bob'])
          it(`does not run as ${sub}, the caller of the first copy: ${second} of ${first}, at ${url}`, async () => {
            await relay([stepOf(first, '/relay', sub), stepOf(second, url)]);
            expect(last).to.deep.equal(refusal);
            expect(handled).to.deep.equal(['alice', sub]);
          });

  for (const [url, refusal] of refusals)
    for (const first of kinds)
      it(`does not run as the caller of a copy in front of it, in chains of three that begin with a ${first}, at ${url}`, async () => {
        for (const second of kinds)
          for (const third of kinds) {
            handled.length = 0;
            await relay([stepOf(first, '/relay', 'bob'), stepOf(second, '/relay', 'carol'), stepOf(third, url)]);
            expect(last, `${third} of ${second}`).to.deep.equal(refusal);
            expect(handled).to.deep.equal(['alice', 'bob', 'carol']);
          }
      });

  it('runs as the user of the session that the app has set on the original', async () => {
    for (const first of kinds)
      for (const second of kinds) {
        handled.length = 0;
        await relay([stepOf(first, '/relay'), stepOf(second, '/session')], { 'X-Session': 'alice' } as never);
        expect(last.status, `${second} of ${first}`).to.equal(200);
        expect(handled).to.deep.equal(['alice', 'alice', 'alice at the end']);
      }
  });
});

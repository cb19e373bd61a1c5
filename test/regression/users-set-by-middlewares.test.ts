/** A copy of a request has the caller of the request, also where a middleware has set another user than the session has. */
import { ServerResponse } from 'node:http';
import { expect } from 'chai';
import express, { type Express, type Request, type Response, type Router } from 'express';
import request from 'supertest';
import { Get, JsonController } from 'routing-controllers';
import {
  ApiController,
  BasePermission,
  IsAuthenticated,
  IsSubOwner,
  SessionAuthentication,
  callerOf,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { matches, whereEquals } from 'axioms-routing-controllers/filters';
import { TestIssuer } from '../issuer/test-issuer';

const notes = [
  { id: 1, user: 'alice' },
  { id: 2, user: 'root' },
];

const accountsOfRequests = new WeakMap<object, object>();

class KeyedSessions extends SessionAuthentication {
  override sessionUser(given: Request) {
    return accountsOfRequests.get(given);
  }
}

/** Allows the objects of the caller, and waits meanwhile. */
class Own extends BasePermission {
  override async objectFilter(given: Request) {
    await new Promise(setImmediate);
    return whereEquals('user', callerOf(given).sub ?? '');
  }
}

abstract class Listing extends ApiController {
  protected async allowed(...other: [] | [new () => object]) {
    const filter = await this.authorizedFilter(...other);
    return notes.filter(note => matches(filter, note)).map(({ user }) => user);
  }
}

@JsonController('/notes')
class NoteController extends Listing {
  override authenticationClasses = [SessionAuthentication];
  override permissionClasses = [IsSubOwner, Own];
  @Get('/') list() {
    return this.allowed();
  }
}

@JsonController('/keyed-notes')
class KeyedNoteController extends NoteController {
  override authenticationClasses = [KeyedSessions];
}

@JsonController('/shelves')
class ShelfController extends Listing {
  override authenticationClasses = [SessionAuthentication];
  override permissionClasses = [IsAuthenticated];
  @Get('/') list() {
    return this.allowed(NoteController);
  }
}

@JsonController('/keyed-shelves')
class KeyedShelfController extends Listing {
  override authenticationClasses = [KeyedSessions];
  override permissionClasses = [IsAuthenticated];
  @Get('/') list() {
    return this.allowed(KeyedNoteController);
  }
}

const inside = { url: '/notes', originalUrl: '/notes', method: 'GET' };

const copies: Readonly<Record<string, (outer: Request) => Request>> = {
  heir: outer => Object.assign(Object.create(outer) as Request, inside),
  proxy: outer =>
    new Proxy(outer, {
      get: (target, name) => Reflect.get(Object.hasOwn(inside, name) ? inside : target, name) as unknown,
    }),
  spread: outer => Object.assign(Object.create(Object.getPrototypeOf(outer) as object) as Request, outer, inside),
};

/** What a handler does before it dispatches the copy. */
const changes: Readonly<Record<string, (original: Request & { session?: { user?: unknown } }) => void>> = {
  nothing: () => undefined,
  logout: original => void (original.session.user = undefined),
  'noted-logout': original => {
    original.session.user = undefined;
    callerOf(original);
  },
  switch: original => void (original.session.user = { sub: 'alice' }),
  'noted-switch': original => {
    original.session.user = { sub: 'alice' };
    callerOf(original);
  },
  'noted-user': original => {
    original.user = { sub: 'alice' };
    callerOf(original);
  },
};

// An app would give an heir another prototype.
let app: Express;
let inner: Router;

@JsonController('/dispatched')
class DispatchingController extends ApiController {
  override authenticationClasses = [SessionAuthentication];
  override permissionClasses = [IsAuthenticated];
  @Get('/:kind') async send() {
    const { copied = 'later', change = 'nothing' } = this.request.query as Record<string, string>;
    const original = this.request as Request;
    const early = copies[String(this.request.params.kind)]!(original);
    changes[change]!(original);
    const copy = copied === 'early' ? early : copies[String(this.request.params.kind)]!(original);
    const text = await new Promise<string>(resolve => {
      const response = Object.setPrototypeOf(new ServerResponse(copy), app.response) as Response;
      response.end = (chunk?: unknown) => {
        resolve(String(chunk));
        return response;
      };
      inner(copy, response, () => {
        resolve('"not found"');
      });
    });
    return JSON.parse(text) as unknown;
  }
}

describe('regression: users that a middleware sets beside those of the session', () => {
  let issuer: TestIssuer;

  before(async () => {
    issuer = await TestIssuer.start();
    const axioms = issuer.settings();
    inner = useExpressServer(express.Router(), { controllers: [NoteController], axioms });
    app = express().use((given, _response, next) => {
      const { 'x-signed-in': own, 'x-acting-as': other } = given.headers;
      const session = own === undefined ? {} : { user: { sub: own } };
      Object.assign(given, { sessionID: 'an id', session, ...(other === undefined ? {} : { user: { sub: other } }) });
      if (own !== undefined) accountsOfRequests.set(given, { sub: own });
      next();
    });
    const controllers = [
      NoteController,
      ShelfController,
      KeyedNoteController,
      KeyedShelfController,
      DispatchingController,
    ];
    useExpressServer(app, { controllers, axioms });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  const told = async (path: string, headers: Record<string, string>): Promise<unknown> => {
    const answer = await request(app).get(path).set(headers);
    return answer.status === 200 ? (answer.body as unknown) : answer.status;
  };

  for (const [what, headers] of [
    ['act as another account than the signed-in one', { 'X-Signed-In': 'root', 'X-Acting-As': 'alice' }],
    ['are the only ones, as those of Passport', { 'X-Acting-As': 'alice' }],
    ['are not set, so that the session decides', { 'X-Signed-In': 'alice' }],
  ] as const) {
    it(`are the caller of the filter of another controller where they ${what}`, async () => {
      expect(await told('/notes', headers)).to.deep.equal(['alice']);
      expect(await told('/shelves', headers)).to.deep.equal(['alice']);
    });

    for (const kind of Object.keys(copies))
      it(`are the caller of a copy (${kind}) that a handler dispatches where they ${what}`, async () => {
        expect(await told(`/dispatched/${kind}`, headers)).to.deep.equal(['alice']);
      });
  }

  const root = { 'X-Signed-In': 'root' };

  for (const kind of Object.keys(copies))
    for (const copied of ['early', 'later']) {
      const path = (change: string): string => `/dispatched/${kind}?copied=${copied}&change=${change}`;

      it(`are nobody to a copy (${kind}, ${copied}) once the handler has logged the session's user out`, async () => {
        const refused = { error: 'permission_denied' };
        expect(await told(path('logout'), root)).to.include(refused);
        expect(await told(path('noted-logout'), root)).to.include(refused);
      });

      it(`are the new user of a copy (${kind}, ${copied}) once the handler has replaced the session's user`, async () => {
        expect(await told(path('switch'), root)).to.deep.equal(['alice']);
        expect(await told(path('noted-switch'), root)).to.deep.equal(['alice']);
      });

      it(`stay the caller of a copy (${kind}, ${copied}) where the handler logs out the session below`, async () => {
        const acting = { ...root, 'X-Acting-As': 'alice' };
        expect(await told(path('logout'), acting)).to.deep.equal(['alice']);
        expect(await told(path('noted-logout'), acting)).to.deep.equal(['alice']);
      });
    }

  it('are the caller of a spread copy where the handler sets another user on the request', async () => {
    const acting = { ...root, 'X-Acting-As': 'root' };
    expect(await told('/dispatched/spread?change=noted-user', acting)).to.deep.equal(['alice']);
  });

  it('leave the caller to a session that is found by the request itself', async () => {
    expect(await told('/keyed-shelves', { 'X-Signed-In': 'alice' })).to.deep.equal(['alice']);
  });
});

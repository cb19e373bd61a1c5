import { expect } from 'chai';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import {
  Authorized,
  Body,
  Delete,
  ForbiddenError,
  Get,
  JsonController,
  Param,
  Post,
  Res,
  UnauthorizedError,
  UseBefore,
} from 'routing-controllers';
import type { Request, Response } from 'express';
import {
  AllowAny,
  ApiController,
  BasePermission,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasValidAccessToken,
  ImproperlyConfigured,
  IsSubOwner,
  NotFound,
  type DecisionEvent,
  type JwksEvent,
} from 'axioms-routing-controllers';
import { decisions } from '../../src/core/reports/events';
import { Api } from '../api';
import { eventually } from '../issuer/fake-time';
import { down, keysPath, ok } from '../issuer/scripted-issuer';
import { signingKey } from '../issuer/test-issuer';

class Odd extends BasePermission {
  override hasPermission(): boolean {
    throw new Error('odd');
  }
}

class Wrong extends BasePermission {
  override hasPermission(): boolean {
    throw new ImproperlyConfigured('wrong');
  }
}

class Unauthorized extends BasePermission {
  override hasPermission(): boolean {
    throw new UnauthorizedError();
  }
}

class Forbidden extends BasePermission {
  override hasPermission(): boolean {
    throw new ForbiddenError();
  }
}

const ownRules: Readonly<Record<string, readonly object[]>> = {
  roles: [HasAccessTokenRoles],
  odd: [Odd],
  wrong: [Wrong],
  who: [Unauthorized],
  no: [Forbidden],
};

function answersItself(_request: Request, response: Response): void {
  response.status(418).end();
}

@JsonController('/books')
class BookController extends ApiController {
  override authenticationClasses = [HasValidAccessToken];
  override get permissionClasses(): readonly object[] {
    return ownRules[this.action] ?? [HasAccessTokenScopes];
  }
  override accessTokenScopes = ['book:read'];
  override accessTokenRoles = ['editor'];

  @Get('/') list() {
    return [];
  }
  @Get('/roles') roles() {
    return [];
  }
  @Get('/odd') odd() {
    return [];
  }
  @Get('/wrong') wrong() {
    return [];
  }
  @Get('/who') who() {
    return [];
  }
  @Get('/no') no() {
    return [];
  }
  @Get('/missing') missing() {
    throw new NotFound();
  }
  @Get('/broken') broken() {
    throw new Error('broken');
  }
  @Get('/between') @UseBefore(answersItself) between() {
    return [];
  }
  @Post('/') create(@Body({ validate: false }) book: object) {
    return book;
  }
}

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];

  @Get('/:id') async read(@Param('id') id: string) {
    if (id !== 'unasked') await this.checkObjectPermissions({ user: id });
    return { id };
  }
  @Delete('/:id') @Authorized('editor') remove() {
    return {};
  }
}

const areWaiting: unknown[] = [];

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  @Get('/waiting') wait(@Res() response: Response) {
    areWaiting.push(response);
    return response;
  }
  @Get('/') list() {
    return [];
  }
}

const scope = { scope: 'book:read' };

describe('the channel axioms:decision', () => {
  let api: Api;
  let events: DecisionEvent[];
  const listen = (event: unknown): void => {
    events.push(event as DecisionEvent);
  };

  before(async () => {
    api = await Api.start({
      controllers: [BookController, NoteController, OpenController],
      axioms: { maxTokenSize: 12_000 },
    });
    await api.server.jwksManager.refresh();
  });
  after(() => api.close());
  beforeEach(() => {
    events = [];
    subscribe('axioms:decision', listen);
  });
  afterEach(() => {
    unsubscribe('axioms:decision', listen);
  });

  async function eventOf(answer: PromiseLike<{ status: number }>): Promise<DecisionEvent> {
    await answer;
    await eventually(() => events.length > 0);
    expect(events).to.have.lengthOf(1);
    return events[0]!;
  }

  it('has all that is known of an allowed request, and no value of a claim', async () => {
    const event = await eventOf(api.as({ ...scope, email: 'alice@example.com' }, 'get', '/books?secret=marker'));
    const { duration, ...rest } = event;
    expect(rest).to.deep.equal({
      outcome: 'allowed',
      reason: 'ok',
      status: 200,
      route: { place: 'BookController.list', method: 'GET', path: '/books/' },
      issuer: api.issuer.url,
      claims: ['iss', 'aud', 'sub', 'iat', 'exp', 'scope', 'email'],
    });
    expect(duration).to.be.within(0.001, 20_000);
    expect(JSON.stringify(event)).not.to.match(/alice|marker|book:read/);
  });

  const good = { iss: 'ours' };
  const decided: [
    title: string,
    ask: () => PromiseLike<{ status: number }>,
    expected: Partial<DecisionEvent>,
    by?: object,
  ][] = [
    [
      'nobody on an open route',
      () => api.as(null, 'get', '/open'),
      { outcome: 'allowed', reason: 'anonymous', status: 200 },
    ],
    ['somebody on an open route', () => api.as({}, 'get', '/open'), { outcome: 'allowed', reason: 'ok' }, good],
    ['nobody', () => api.as(null, 'get', '/books'), { outcome: 'refused', reason: 'not_authenticated', status: 401 }],
    [
      'two tokens',
      () => api.with('a b', 'get', '/books'),
      { outcome: 'refused', reason: 'request_malformed', status: 400 },
    ],
    [
      'no token at all',
      () => api.with('x', 'get', '/books'),
      { outcome: 'refused', reason: 'token_opaque', status: 401 },
    ],
    ['a long token', () => api.with('x'.repeat(12_001), 'get', '/books'), { reason: 'token_too_long', status: 401 }],
    [
      'an algorithm',
      () => api.with(api.issuer.token({}, { alg: 'HS256' }), 'get', '/books'),
      { reason: 'token_algorithm' },
      good,
    ],
    [
      'crit',
      () => api.with(api.issuer.token({}, { crit: ['x'] }), 'get', '/books'),
      { reason: 'token_extension' },
      good,
    ],
    [
      'a type',
      () => api.with(api.issuer.token({}, { typ: 'logout+jwt' }), 'get', '/books'),
      { reason: 'token_type' },
      good,
    ],
    ['an ID token', () => api.as({ typ: 'ID' }, 'get', '/books'), { reason: 'token_type' }, good],
    [
      'no kid',
      () => api.with(api.issuer.token({}, { kid: undefined }), 'get', '/books'),
      { reason: 'token_key' },
      good,
    ],
    [
      'an expired token',
      () => api.as({ exp: 1 }, 'get', '/books'),
      { outcome: 'refused', reason: 'token_expired', status: 401 },
      good,
    ],
    ['nbf', () => api.as({ nbf: 9e9 }, 'get', '/books'), { reason: 'token_not_yet_valid' }, good],
    ['iat', () => api.as({ iat: 9e9 }, 'get', '/books'), { reason: 'token_not_yet_valid' }, good],
    ['no exp', () => api.as({ exp: undefined }, 'get', '/books'), { reason: 'token_claim' }, good],
    [
      'another issuer',
      () => api.as({ iss: 'https://evil.example' }, 'get', '/books'),
      { reason: 'token_issuer', issuer: undefined },
    ],
    ['another audience', () => api.as({ aud: 'other' }, 'get', '/books'), { reason: 'token_audience' }, good],
    ['no subject', () => api.as({ sub: '' }, 'get', '/books'), { reason: 'token_subject' }, good],
    ['a bound token', () => api.as({ cnf: {} }, 'get', '/books'), { reason: 'token_bound' }, good],
    [
      'a forged token',
      () => api.with(api.issuer.token({}, {}, signingKey('k1')), 'get', '/books'),
      { reason: 'token_signature', claims: [] },
      good,
    ],
    [
      'no scope',
      () => api.as({}, 'get', '/books'),
      { outcome: 'refused', reason: 'insufficient_scope', status: 403 },
      good,
    ],
    [
      'no role',
      () => api.as({}, 'get', '/books/roles'),
      { outcome: 'refused', reason: 'permission_denied', status: 403 },
      good,
    ],
    [
      'a rule that throws',
      () => api.as(scope, 'get', '/books/odd'),
      { outcome: 'error', reason: 'server_error', status: 500 },
      good,
    ],
    [
      'a rule that is wrong',
      () => api.as(scope, 'get', '/books/wrong'),
      { outcome: 'error', reason: 'misconfigured', status: 500 },
      good,
    ],
    [
      "a rule that throws the framework's 401",
      () => api.as(scope, 'get', '/books/who'),
      { outcome: 'refused', reason: 'not_authenticated', status: 401 },
      good,
    ],
    [
      "a rule that throws the framework's 403",
      () => api.as(scope, 'get', '/books/no'),
      { outcome: 'refused', reason: 'permission_denied', status: 403 },
      good,
    ],
    [
      'a malformed body',
      () => api.as(scope, 'post', '/books').set('Content-Type', 'application/json').send('{'),
      { outcome: 'refused', reason: 'request_malformed', status: 400 },
      good,
    ],
    [
      'a middleware that answers',
      () => api.as(scope, 'get', '/books/between'),
      { outcome: 'error', reason: 'unfinished', status: 418 },
      good,
    ],
    [
      'a 404 of the handler',
      () => api.as(scope, 'get', '/books/missing'),
      { outcome: 'allowed', reason: 'ok', status: 404 },
      good,
    ],
    [
      'a failing handler',
      () => api.as(scope, 'get', '/books/broken'),
      { outcome: 'allowed', reason: 'ok', status: 500 },
      good,
    ],
    [
      'the owner',
      () => api.as({}, 'get', '/notes/alice'),
      {
        outcome: 'allowed',
        reason: 'ok',
        status: 200,
        route: { place: 'NoteController.read', method: 'GET', path: '/notes/:id' },
      },
      good,
    ],
    [
      'another owner',
      () => api.as({}, 'get', '/notes/bob'),
      { outcome: 'refused', reason: 'permission_denied', status: 403 },
      good,
    ],
    [
      'an object rule that was never asked',
      () => api.as({}, 'get', '/notes/unasked'),
      { outcome: 'error', reason: 'misconfigured', status: 500 },
      good,
    ],
    [
      '@Authorized',
      () => api.as({}, 'delete', '/notes/alice'),
      { outcome: 'refused', reason: 'permission_denied', status: 403 },
      good,
    ],
  ];
  for (const [title, ask, expected, by] of decided) {
    it(`tells of ${title}: ${expected.reason}`, async () => {
      const event = await eventOf(ask());
      expect(event).to.deep.include(expected);
      expect(event.issuer).to.equal(by === good ? api.issuer.url : undefined);
      expect(event.duration).to.be.at.least(0);
      expect(JSON.stringify(event)).not.to.contain('evil');
    });
  }

  it('tells of a request that waited in a pipeline behind another one when its client left', async () => {
    const server = createServer(api.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    client.write(request('/open/waiting') + request('/books') + request('/open'));
    await once(server, 'request');
    await eventually(() => areWaiting.length === 1);
    client.destroy();
    await eventually(() => events.length === 3);
    const told = events.map(({ outcome, status, route }) => [outcome, status, route.place]);
    expect(told).to.have.deep.members([
      ['allowed', undefined, 'OpenController.wait'],
      ['refused', 401, 'BookController.list'],
      ['allowed', 200, 'OpenController.list'],
    ]);
    server.close();
    await once(server, 'close');
  });

  it('tells of a HEAD request on the route that serves it', async () => {
    const event = await eventOf(api.as(scope, 'head', '/books'));
    expect(event).to.deep.include({
      outcome: 'allowed',
      route: { place: 'BookController.list', method: 'GET', path: '/books/' },
    });
  });

  it('tells that keys cannot be had', async () => {
    const cold = await Api.start({ controllers: [BookController], axioms: { jwksPrefetch: false } });
    cold.issuer.server.keysMode = down;
    const event = await eventOf(cold.as(scope, 'get', '/books'));
    expect(event).to.deep.include({
      outcome: 'error',
      reason: 'keys_unavailable',
      status: 503,
      issuer: cold.issuer.url,
    });
    await cold.close();
  });

  it('builds nothing and reads no clock while nobody listens', async () => {
    unsubscribe('axioms:decision', listen);
    const { now } = performance;
    let readings = 0;
    const own = performance as { now: () => number };
    own.now = () => {
      // The line of this function's own caller: what else the request needs, such as keys, may read the time.
      readings += new Error().stack?.split('\n')[2]?.includes('/src/views/') === true ? 1 : 0;
      return now.call(performance);
    };
    try {
      expect(decisions.hasSubscribers).to.be.false;
      expect((await api.as(scope, 'get', '/books')).status).to.equal(200);
    } finally {
      own.now = now;
    }
    expect(readings).to.equal(0);
    expect(events).to.deep.equal([]);
  });
});

describe('the channel axioms:jwks', () => {
  it('tells of every refresh', async () => {
    const events: JwksEvent[] = [];
    const api = await Api.start({ controllers: [OpenController], axioms: { jwksPrefetch: false } });
    const { server, url } = api.issuer;
    // The channel is that of the process, in which another test's server may refresh meanwhile.
    const listen = (event: unknown): void => {
      if ((event as JwksEvent).issuer === url) events.push(event as JwksEvent);
    };
    subscribe('axioms:jwks', listen);
    const refresh = (): Promise<void> => api.server.jwksManager.refresh().catch(() => undefined);
    server.etag = '"v1"';
    await refresh();
    await refresh();
    for (const mode of [
      down,
      { is: 'redirect', status: 302 },
      { is: 'html' },
      { is: 'empty-keys' },
      { is: 'drop' },
    ] as const) {
      server.modes.set(keysPath, mode);
      await refresh();
    }
    server.modes.set(keysPath, ok);
    api.server.close();
    await refresh();
    unsubscribe('axioms:jwks', listen);
    await api.issuer.close();
    expect(events.map(({ outcome, failure }) => failure ?? outcome)).to.deep.equal([
      'refreshed',
      'unchanged',
      'status',
      'redirect',
      'parse',
      'content',
      'network',
    ]);
    for (const event of events) expect(event).to.include({ issuer: events[0]!.issuer, keys: 1 });
    for (const { duration } of events) expect(duration).to.be.within(0, 20_000);
    expect(events[0]!.issuer).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});

/** Runs the examples of pages that are no tests themselves. */
import 'reflect-metadata';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, request as newRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import { IsString } from 'class-validator';
import { Body, Get, JsonController, Param, Post } from 'routing-controllers';
import request from 'supertest';
import {
  ApiController,
  CurrentObject,
  createExpressServer,
  IsSubOwner,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';
import { expectAccessMatrix, TestClock, TestIssuer, type TokenClaims } from 'axioms-routing-controllers/testing';
import { BookController } from './book-controller';
import { readsBooks } from './dpop-tests';
import { createApp as customErrors } from './custom-errors';
import { createApp as existence } from './existence';
import { createApp as graphql, resolvers } from './graphql';
import { provesIsolation } from './isolation';
import { createApp as issuerDown } from './issuer-down';
import { createApp as onlyMachines } from './only-machines';
import { guardUpgrades } from './websocket';

/** A response whose body is compared, and not used. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly text: string;
}

describe('the example of custom errors', () => {
  const issuer = new TestIssuer();
  const app = issuer.attachTo(customErrors(issuer.settings()));
  const order = (body: object) => request(app).post('/orders').auth(issuer.token(), { type: 'bearer' }).send(body);

  it('answers a refusal with its status, its code and its challenge', async () => {
    const { status, headers, body } = (await request(app).post('/orders').send({ title: 'Dune' })) as Answer;
    expect(status).to.equal(401);
    expect(headers['content-type']).to.match(/^application\/problem\+json/);
    expect(headers['www-authenticate']).to.match(/^Bearer/);
    expect(body).to.include({ status: 401, type: 'not_authenticated' });
  });

  it("answers routing-controllers' own errors with their status", async () => {
    const { status, body } = (await order({ title: 'Tea' })) as Answer;
    expect([status, body]).to.deep.equal([418, { status: 418, title: 'I am a teapot' }]);
  });

  it('answers a body that is not valid with the fields that are wrong, and without what was sent', async () => {
    const { status, body, text } = (await order({ title: 17_042 })) as Answer;
    expect(status).to.equal(400);
    expect(body).to.deep.include({
      errors: [{ property: 'title', constraints: { isString: 'title must be a string' } }],
    });
    expect(text).not.to.include('17042');
  });

  it('answers what it accepts', () => order({ title: 'Dune' }).expect(200, { title: 'Dune' }));
});

describe('the example of a route for machines', () => {
  const issuer = new TestIssuer();
  const claims = { scope: 'sync:run' };
  const machines = {
    'RFC 9068': { ...claims, sub: 'job', client_id: 'job' },
    Auth0: { ...claims, sub: 'job@clients', azp: 'job' },
    'Microsoft Entra ID': { ...claims, sub: 'object-id', idtyp: 'app' },
    Duende: { ...claims, sub: undefined, client_id: 'job' },
  };
  const others = {
    user: { ...claims, sub: 'alice', client_id: 'job' },
    'user of a nameless client': { ...claims, sub: 'alice' },
    'user at Microsoft Entra ID': { ...claims, sub: 'alice', idtyp: 'user' },
    'machine without the scope': { sub: 'job', client_id: 'job' },
  };

  async function answers(settings: SettingsInput, tokens: Readonly<Record<string, TokenClaims>>, status: number) {
    const app = issuer.attachTo(onlyMachines(settings));
    const row = Object.fromEntries(Object.keys(tokens).map(name => [name, status]));
    const signed = Object.fromEntries(Object.entries(tokens).map(([name, one]) => [name, issuer.token(one)]));
    await expectAccessMatrix(app, { 'GET /sync': { ...row, anonymous: 401 } }, { tokens: signed });
  }
  const settings = { ...issuer.settings(), subjectClaims: ['sub', 'client_id'] };

  it('allows the tokens that a client got for itself', () => answers(settings, machines, 200));

  it('refuses users, and machines that another rule refuses', () => answers(settings, others, 403));
});

describe('the example that hides existence', () => {
  const issuer = new TestIssuer();
  const app = issuer.attachTo(existence(issuer.settings()));
  const asAlice = (method: 'get' | 'delete', path: string) =>
    request(app)
      [method](path)
      .auth(issuer.token({ sub: 'alice' }), { type: 'bearer' });

  for (const method of ['get', 'delete'] as const)
    it(`answers ${method.toUpperCase()} of another's object exactly as of one that does not exist`, async () => {
      await asAlice(method, '/diaries/1').expect(200);
      const [other, unknown] = [await asAlice(method, '/diaries/2'), await asAlice(method, '/diaries/3')];
      expect(other.status).to.equal(404);
      expect(other.text).to.equal(unknown.text);
      const namesOf = ({ headers }: request.Response) => Object.keys(headers);
      expect(namesOf(other)).to.deep.equal(namesOf(unknown));
    });
});

describe('the example of GraphQL', () => {
  const issuer = new TestIssuer();
  const execute = async (source: string, context: ApiController) => {
    const note = await resolvers.note({ id: source }, context);
    return { data: { note: note ?? null, notes: await resolvers.notes({}, context) } };
  };
  const app = issuer.attachTo(graphql(execute, issuer.settings()));
  const ask = (query: string, claims: TokenClaims) =>
    request(app).post('/graphql').auth(issuer.token(claims), { type: 'bearer' }).send({ query });

  it("resolves only what the other controller's rule allows", async () => {
    const claims = { sub: 'alice', scope: 'note:read' };
    const milk = { id: '1', user: 'alice', text: 'milk' };
    await ask('1', claims).expect(200, { data: { note: milk, notes: [milk] } });
    await ask('2', claims).expect(200, { data: { note: null, notes: [milk] } });
  });

  it('refuses a token without the scope of the endpoint', () => ask('1', { sub: 'alice' }).expect(403));
});

describe('the example of websockets', () => {
  const issuer = new TestIssuer();
  const app = issuer.attachTo(createExpressServer({ controllers: [BookController], axioms: issuer.settings() }));
  const server = createServer(app);
  const accepted: string[] = [];
  const sockets: Duplex[] = [];
  guardUpgrades(server, (app.locals.axioms as AxiomsServer).verifier, (_request, socket, _head, { claims }) => {
    accepted.push(claims.sub as string);
    // Nothing reads from it here, so that it does not see the end of the client's.
    sockets.push(socket);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  async function connect(token: string | undefined, fields: Readonly<Record<string, string>> = {}): Promise<number> {
    const { port } = server.address() as AddressInfo;
    const credentials = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', ...credentials, ...fields };
    const sent = newRequest({ port, host: '127.0.0.1', headers }).end();
    const response = await new Promise<IncomingMessage>(resolve => {
      sent.once('response', resolve);
      sent.once('upgrade', (upgraded, socket) => {
        sockets.push(socket);
        resolve(upgraded);
      });
    });
    return response.statusCode ?? 0;
  }

  it('connects a caller with a good token that has the scope', async () => {
    expect(await connect(issuer.token({ sub: 'alice', scope: 'feed:read' }))).to.equal(101);
    expect(accepted).to.deep.equal(['alice']);
  });

  it('refuses a caller without a token, with a bad one, without the scope, and of another origin', async () => {
    const good = issuer.token({ sub: 'alice', scope: 'feed:read' });
    const statuses = [
      await connect(undefined),
      await connect(issuer.forge('expired', { scope: 'feed:read' })),
      await connect(issuer.token({ scope: 'feed:reader' })),
      await connect(good, { Origin: 'https://evil.example' }),
      await connect(good, { Origin: 'https://app.example.com' }),
    ];
    expect(statuses).to.deep.equal([401, 401, 403, 403, 101]);
  });

  it('ends the connection when the token expires', async () => {
    const exp = Math.floor(Date.now() / 1000) + 1;
    await connect(issuer.token({ sub: 'alice', scope: 'feed:read', exp }));
    await Promise.all(sockets.slice(-2).map(socket => once(socket, 'close')));
  });
});

describe('the example of an issuer that is down', () => {
  const clock = new TestClock();
  const issuer = new TestIssuer({ clock });
  const app = issuer.attachTo(clock.attachTo(issuerDown(issuer.settings())));
  const books = () =>
    request(app)
      .get('/books')
      .auth(issuer.token({ scope: 'book:read' }), { type: 'bearer' });

  // A refresh times out on the test's clock after five seconds.
  async function passHours(hours: number) {
    for (let passed = 0; passed < hours * 3600; passed += 4) {
      clock.advance(4);
      await new Promise(setImmediate);
    }
  }

  it('serves for eight hours, then answers 503 with Retry-After, and recovers', async () => {
    await books().expect(200);
    issuer.outage();
    await passHours(7.5);
    await books().expect(200);
    await request(app).get('/ready').expect(200);
    await passHours(1);
    const response = await books().expect(503);
    const headers = response.headers as Readonly<Record<string, string>>;
    expect(response.text).to.include('temporarily_unavailable');
    expect(Number(headers['retry-after'])).to.be.within(1, 60);
    expect(headers).not.to.have.property('www-authenticate');
    await request(app).get('/ready').expect(503);
    issuer.recover();
    await passHours(0.05);
    await books().expect(200);
  });

  it('refuses a bad token during the outage as always', async () => {
    issuer.outage();
    const { text } = await request(app).get('/books').auth(issuer.forge('expired'), { type: 'bearer' }).expect(401);
    expect(text).to.include('invalid_token');
    issuer.recover();
  });
});

describe('the example of a test with DPoP', () => {
  it('reads books with a proof', async () => {
    const issuer = new TestIssuer();
    const axioms = { ...issuer.settings(), dpop: 'required', externalUrl: 'https://api.example.com' } as const;
    await readsBooks(issuer.attachTo(createExpressServer({ controllers: [BookController], axioms })), issuer);
  });
});

interface Note {
  readonly id: number;
  readonly user: string;
  readonly text: string;
}
const notes: Note[] = [];

class NewNote {
  @IsString() text!: string;
}

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];

  override getObject() {
    return notes.find(({ id }) => id === Number(this.request.params.id));
  }

  @Get('/')
  async list() {
    return matching(await this.authorizedFilter(), notes);
  }

  @Get('/:id')
  retrieve(@CurrentObject() note: Note) {
    return note;
  }

  @Post('/')
  create(@Body() { text }: NewNote) {
    const note = { id: notes.length + 1, user: this.request.user?.sub ?? '', text };
    notes.push(note);
    return note;
  }
}

@JsonController('/articles')
class ArticleController {
  @Get('/')
  list() {
    return [{ id: 1, title: 'News' }];
  }

  @Get('/:id')
  retrieve(@Param('id') id: number) {
    return { id, title: 'News' };
  }
}

@JsonController('/health')
class HealthController {
  @Get('/')
  show() {
    return { up: true };
  }
}

describe('the example of isolation', () => {
  const { NODE_ENV } = process.env;
  const folder = process.cwd();
  const log = console.log;
  const printed: string[] = [];
  beforeEach(() => {
    process.env.NODE_ENV = 'test';
    process.chdir(mkdtempSync(join(tmpdir(), 'axioms-isolation-')));
    console.log = (text: string) => void printed.push(text);
  });
  afterEach(() => {
    console.log = log;
    process.chdir(folder);
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  });

  it('proves it, and writes the report', async () => {
    const issuer = new TestIssuer();
    const controllers = [NoteController, ArticleController, HealthController];
    await provesIsolation(issuer.attachTo(createExpressServer({ controllers, axioms: issuer.settings() })), issuer);
    expect(printed.join()).to.match(/GET \/notes\/:id +isolated/);
    expect(readFileSync('isolation.xml', 'utf8')).to.include('failures="0"');
  });
});

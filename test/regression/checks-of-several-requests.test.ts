/** Checks of objects in several requests at once: what one request shares with another, and what is left behind. */
import { expect } from 'chai';
import { EventEmitter } from 'node:events';
import express, { type Response } from 'express';
import { Get, JsonController, Param, Post, Res } from 'routing-controllers';
import request from 'supertest';
import {
  ApiController,
  BasePermission,
  IsSubOwner,
  PermissionDenied,
  useExpressServer,
  type ApiView,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { isAnotherRoutes, passOn } from '../../src/views/dispatched';
import type { Visit } from '../../src/views/visit';
import { Api } from '../api';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, permissionDenied } from '../refusals';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Opens for all that wait. */
class Gate {
  #open: (() => void)[] = [];
  wait(): Promise<void> {
    return new Promise(resolve => this.#open.push(resolve));
  }
  get waiting(): number {
    return this.#open.length;
  }
  open(): void {
    for (const resolve of this.#open.splice(0)) resolve();
  }
}

const gate = new Gate();
const notYours = new PermissionDenied('Not yours');
const transactions: string[] = [];

class Mine extends BasePermission {
  override async hasObjectPermission({ user }: AxiomsRequest, _controller: ApiView, object: unknown) {
    await turn();
    if ((object as { user: string }).user !== user?.sub) throw notYours;
    return true;
  }
}

@JsonController('/feed')
class FeedController extends ApiController {
  override permissionClasses = [Mine];
  override objectActions = ['publish'];

  @Get('/visible/:page') async visible() {
    const seen: object[] = [];
    for (const user of ['alice', 'bob']) {
      const note = { user };
      await this.checkObjectPermissions(note).then(
        () => seen.push(note),
        () => undefined,
      );
    }
    await gate.wait();
    return seen;
  }

  @Get('/forgetful/:page') async forgetful() {
    void this.later();
    for (let count = 0; count < 20; count++) await turn();
    return {};
  }

  @Post('/publish') publish() {
    void this.inTransaction();
    return { isAccepted: true };
  }

  private async later(): Promise<void> {
    await this.checkObjectPermissions({ user: 'nobody' });
  }

  private async inTransaction(): Promise<void> {
    transactions.push('begun');
    try {
      await this.checkObjectPermissions({ user: 'nobody' });
      transactions.push('published');
    } finally {
      transactions.push('released');
    }
  }
}

const note = { user: 'alice', title: 'sell-everything' };

@JsonController('/headers')
class HeaderController extends ApiController {
  override permissionClasses = [IsSubOwner];

  @Get('/awaited/:id') async awaited(@Res() response: Response) {
    this.tell(response);
    await this.checkObjectPermissions(note);
    return note;
  }

  @Get('/forgotten/:id') forgotten(@Res() response: Response) {
    this.tell(response);
    void this.checkObjectPermissions(note);
    return note;
  }

  @Get('/after/:id') after(@Res() response: Response) {
    void this.checkObjectPermissions(note);
    this.tell(response);
    return note;
  }

  private tell(response: Response): void {
    response.set('X-Title', note.title).cookie('draft', note.title);
    response.statusMessage = note.title;
  }
}

@JsonController('/loaded')
class LoadedController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override getObject() {
    this.response.set('X-Title', note.title);
    return note;
  }
  @Get('/:id') one() {
    return note;
  }
}

describe('a check of an object', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [FeedController, HeaderController, LoadedController] });
  });
  after(() => api.close());

  it('that refuses one request refuses no other with the same error object', async () => {
    const alice = api.as({ sub: 'alice' }, 'get', '/feed/visible/1').then(answer => answer);
    while (gate.waiting === 0) await turn();
    const mallory = await api.as({ sub: 'mallory' }, 'get', '/feed/forgetful/1');
    gate.open();
    expectExactRefusal(mallory, { ...permissionDenied, description: 'Not yours' });
    const answer = await alice;
    expect([answer.status, answer.body as unknown]).to.deep.equal([200, [{ user: 'alice' }]]);
  });

  it('lets the finally of code that the handler does not wait for run', async () => {
    await api.as({ sub: 'mallory' }, 'post', '/feed/publish');
    for (let count = 0; count < 50 && transactions.length < 2; count++) await turn();
    expect(transactions).to.deep.equal(['begun', 'released']);
  });

  for (const path of ['/headers/awaited/1', '/headers/forgotten/1', '/headers/after/1', '/loaded/1'])
    it(`that refuses takes back what was set on the response: ${path}`, async () => {
      const answer = await api.as({ sub: 'mallory' }, 'get', path);
      expectExactRefusal(answer, permissionDenied);
      expect(answer.headers).not.to.have.any.keys('x-title', 'set-cookie');
      const { statusMessage } = (answer as unknown as { res: { statusMessage: string } }).res;
      expect(statusMessage).to.equal('Forbidden');
      expect((await api.as({ sub: 'alice' }, 'get', path)).headers['x-title']).to.equal(note.title);
    });
});

/** Runs callbacks together, in the context of the request that comes first. */
class Batch {
  #waiting: (() => void)[] | undefined;
  load(done: () => void): void {
    if (this.#waiting === undefined) {
      const waiting: (() => void)[] = (this.#waiting = []);
      void gate.wait().then(() => {
        this.#waiting = undefined;
        for (const one of waiting) one();
      });
    }
    this.#waiting.push(done);
  }
}

describe('code that requests share', () => {
  const batch = new Batch();

  @JsonController('/notes')
  class NoteController extends ApiController {
    override permissionClasses = [IsSubOwner];
    @Get('/unasked/:id') unasked(@Param('id') id: string, @Res() response: Response) {
      batch.load(() => response.json({ id, secret: true }));
      return response;
    }
    @Get('/failing/:id') failing() {
      throw Object.assign(new Error('not there'), { status: 404 });
    }
  }

  it('answers for no handler whose object rule was never asked', async () => {
    const issuer = await TestIssuer.start();
    const app = express();
    useExpressServer(app, { controllers: [NoteController], axioms: issuer.settings(), defaultErrorHandler: false });
    app.use((error: { status?: number }, _request: unknown, response: Response, next: (error: unknown) => void) => {
      if (response.headersSent) next(error);
      else if (error.status === 404) batch.load(() => response.status(404).json({}));
      else response.status(500).json({});
    });
    const ask = (path: string) =>
      request(app)
        .get(path)
        .set('Authorization', `Bearer ${issuer.token({ sub: 'mallory' })}`);
    const first = ask('/notes/failing/1').then(answer => answer);
    while (gate.waiting === 0) await turn();
    const second = ask('/notes/unasked/1').then(answer => answer);
    for (let count = 0; count < 200; count++) await turn();
    await new Promise(resolve => setTimeout(resolve, 100));
    gate.open();
    expect((await first).status).to.equal(404);
    expect((await second).status).to.equal(500);
    expect((await second).body).not.to.have.property('secret');
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  it('leaves no storage in use where the client has left', () => {
    const response = Object.assign(new EventEmitter(), { closed: true });
    const visit = { isObjectPending: true, response } as unknown as Visit;
    const seen: boolean[] = [];
    passOn(visit, () => seen.push(isAnotherRoutes(visit)));
    expect(seen).to.deep.equal([false]);
    expect(response.listenerCount('close')).to.equal(0);
    Object.assign(response, { closed: false });
    passOn(visit, () => seen.push(isAnotherRoutes(visit)));
    expect(seen).to.deep.equal([false, true]);
    response.emit('close');
  });
});

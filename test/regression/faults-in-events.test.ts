/**
 * Code of the app that runs in events, after its request, ended the process when it threw: the session of a user who had signed
 * out, a template that was ready after a timeout had answered, and what a refused handler had written.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { Controller, Get, JsonController, Render, UseBefore } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  ApiController,
  BasePermission,
  IsAuthenticated,
  SessionAuthentication,
  useExpressServer,
  type AxiomsServer,
  type DecisionEvent,
} from 'axioms-routing-controllers';
import { eventually } from '../issuer/fake-time';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

type WithShop = Request & { shop?: { customer: object | string } };

/** Fails where there is no session any more. */
class ShopSession extends SessionAuthentication {
  override sessionUser(asked: Request): unknown {
    return ((asked as WithShop).shop as NonNullable<WithShop['shop']>).customer;
  }
}

@JsonController('/customers')
class CustomerController extends ApiController {
  override authenticationClasses = [ShopSession];
  override permissionClasses = [IsAuthenticated];

  @Get('/sign-out') signOut() {
    delete (this.request as WithShop).shop;
    return { isSignedOut: true };
  }

  @Get('/change') change() {
    (this.request as WithShop).shop = { customer: 'Emma' };
    return { isChanged: true };
  }
}

class OnlyDrafts extends BasePermission {
  override async hasObjectPermission(_request: Request, _controller: object, object: unknown): Promise<boolean> {
    await wait(5);
    return object === 'draft';
  }
}

function brokenEnd(_request: Request, response: Response, next: NextFunction): void {
  response.end = () => {
    throw new Error('The store of sessions is away');
  };
  next();
}

@JsonController('/articles')
class ArticleController extends ApiController {
  override authenticationClasses = [];
  override permissionClasses = [AllowAny, OnlyDrafts];

  @Get('/:id/rows') async rows() {
    await this.checkObjectPermissions('draft');
    this.response.write('[');
    void this.checkObjectPermissions('article');
    this.response.write({ row: 1 });
    return this.response;
  }

  @UseBefore(brokenEnd)
  @Get('/:id/end')
  end() {
    void this.checkObjectPermissions('article');
    this.response.json({ secret: true });
    return this.response;
  }
}

class Undying extends Readable {
  #hasBegun = false;
  override _read(): void {
    if (!this.#hasBegun) this.push('row');
    this.#hasBegun = true;
  }
  override destroy(): this {
    throw new Error('The cursor is closed');
  }
}

class UndyingLater extends Undying {
  override destroy(): this {
    return Promise.reject(new Error('The cursor is closed')) as never;
  }
}

const streams: Readonly<Record<string, () => Readable>> = {
  throws: () => new Undying(),
  rejects: () => new UndyingLater(),
};

@Controller('/pages')
class PageController extends ApiController {
  override authenticationClasses = [];
  override permissionClasses = [AllowAny];

  @Render('page') @Get('/good') good() {
    return {};
  }

  @Render('page') @Get('/late') late() {
    setTimeout(() => this.response.status(503).send('too late'), 1);
    return {};
  }

  @Render('broken') @Get('/broken') broken() {
    return {};
  }

  @Render('missing') @Get('/missing') missing() {
    return {};
  }

  @Get('/stream') stream() {
    return streams[this.request.query['that'] as string]?.();
  }
}

/** Knows its pages by name, and renders them after a while, as engines that read files do. */
class Pages {
  readonly path?: string;
  constructor(readonly name: string) {
    if (name !== 'missing') this.path = name;
  }
  render(_options: object, done: (error: unknown, html?: string) => void): void {
    setTimeout(() => {
      if (this.name === 'broken') done(new Error('No such helper'));
      else done(null, '<h1>Page</h1>');
    }, 10);
  }
}

describe('regression: faults in events do not end the process', () => {
  forbidStrayErrors();
  let issuer: TestIssuer;
  let app: Express;
  let server: Server;
  const events: DecisionEvent[] = [];
  const listen = (event: unknown): void => void events.push(event as DecisionEvent);

  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('view', Pages);
    app.use((asked, _response, next) => {
      (asked as WithShop).shop = { customer: { id: 7 } };
      next();
    });
    const controllers = [CustomerController, ArticleController, PageController];
    useExpressServer(app, { controllers, axioms: issuer.settings() });
    server = createServer(app).listen(0, '127.0.0.1');
    subscribe('axioms:decision', listen);
  });
  after(async () => {
    unsubscribe('axioms:decision', listen);
    server.close();
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => events.splice(0));

  for (const path of ['/customers/sign-out', '/customers/change'])
    it(`reports the caller that was let in, not what the session says afterwards: ${path}`, async () => {
      const { status } = await request(server).get(path);
      expect(status).to.equal(200);
      await eventually(() => events.length > 0);
      expect(events[0]).to.include({ outcome: 'allowed', reason: 'ok' });
    });

  it('closes the connection of a refused handler that has written rows as its body', async () => {
    const failure = await request(server)
      .get('/articles/7/rows')
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failure).to.have.property('code', 'ECONNRESET');
  });

  it("closes the connection where a middleware's end() throws and the object is refused", async () => {
    const failure = await request(server)
      .get('/articles/7/end')
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failure).to.have.property('code', 'ECONNRESET');
  });

  it('sends the page of a template', async () => {
    const { status, text } = await request(server).get('/pages/good');
    expect({ status, text }).to.deep.equal({ status: 200, text: '<h1>Page</h1>' });
  });

  it('leaves the answer of a timeout as it is when the template is ready', async () => {
    const { status, text } = await request(server).get('/pages/late');
    await wait(20);
    expect({ status, text }).to.deep.equal({ status: 503, text: 'too late' });
  });

  for (const path of ['/pages/broken', '/pages/missing'])
    it(`answers a template that fails with the 500 of a handler that fails: ${path}`, async () => {
      const { status, type, body } = (await request(server).get(path)) as {
        status: number;
        type: string;
        body: object;
      };
      expect({ status, type }).to.deep.equal({ status: 500, type: 'application/json' });
      expect(body).to.have.property('error', 'server_error');
    });

  for (const that of Object.keys(streams))
    it(`ends a stream whose destroy() ${that} when its client has left`, async () => {
      const { port } = server.address() as AddressInfo;
      const client = connect(port, '127.0.0.1');
      client.write(`GET /pages/stream?that=${that} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await new Promise(resolve => client.once('data', resolve));
      client.destroy();
      await eventually(() => events.length > 0);
    });
});

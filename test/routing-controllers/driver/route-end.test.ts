/** What follows an answer: what stands behind the route still gets the request, and so does what was passed behind the app. */
import { once } from 'node:events';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController, UseAfter } from 'routing-controllers';
import request from 'supertest';
import { AllowAny, useExpressServer } from 'axioms-routing-controllers';
import { routerOf } from '../../../src/routing-controllers/start/app-router';

const seen: string[] = [];

function noting(name: string) {
  return (asked: Request, _response: Response, next: NextFunction): void => {
    seen.push(`${name} ${asked.path}`);
    next();
  };
}

@JsonController('/books')
class BookController {
  permissionClasses = [AllowAny];
  @Get('/') list() {
    return [];
  }
  @Get('/later') @UseAfter(noting('@UseAfter')) later() {
    return Promise.resolve([]);
  }
}

@JsonController('/others')
class OtherController {
  permissionClasses = [AllowAny];
  @Get('/') list() {
    return [];
  }
}

const axioms = { audience: 'https://api.example.com', issuerUrl: 'http://127.0.0.1:1', jwksPrefetch: false } as const;

function newApp(): express.Express {
  const app = express();
  useExpressServer(app, { controllers: [BookController, OtherController], axioms });
  return app;
}

async function turn(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

describe('behind an answer', () => {
  beforeEach(() => seen.splice(0));

  it('calls what was passed behind the app, once', async () => {
    const app = newApp();
    const server = express()
      .use((asked, response) => {
        app(asked, response, () => seen.push('done'));
      })
      .listen(0, '127.0.0.1');
    await once(server, 'listening');
    await request(server).get('/books').expect(200);
    await turn();
    expect(seen).to.deep.equal(['done']);
    server.close();
  });

  it('runs middleware that the app adds behind its routes, also after a first request', async () => {
    const app = newApp();
    await request(app).get('/books').expect(200);
    app.use(noting('app.use'));
    await request(app).get('/books').expect(200);
    await turn();
    expect(seen).to.deep.equal(['app.use /books']);
  });

  it('runs middleware that takes the place of another layer after a first request', async () => {
    const app = newApp();
    await request(app).get('/books').expect(200);
    (routerOf(app) as { readonly stack: unknown[] }).stack.pop();
    app.use(noting('app.use'));
    await request(app).get('/books').expect(200);
    await turn();
    expect(seen).to.deep.equal(['app.use /books']);
  });

  it('runs a route of the app that takes the same path', async () => {
    const app = newApp();
    app.get('/books', noting('app.get'));
    await request(app).get('/books').expect(200);
    await turn();
    expect(seen).to.deep.equal(['app.get /books']);
  });

  it('runs @UseAfter, and what stands behind an app that is mounted in another', async () => {
    const outer = express().use(newApp()).use(noting('outer'));
    await request(outer).get('/books/later').expect(200);
    await turn();
    expect(seen).to.deep.equal(['@UseAfter /books/later', 'outer /books/later']);
  });
});

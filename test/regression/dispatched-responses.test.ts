/**
 * A handler may dispatch requests to its own app, each with a response that the app has made. Node never closes such a response.
 * The events of these requests, and the responses, were kept until the connection of the client ended.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent, IncomingMessage, ServerResponse, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express, { type Request } from 'express';
import { Get, JsonController, Post, Req } from 'routing-controllers';
import {
  HasValidAccessToken,
  useExpressServer,
  type AxiomsServer,
  type DecisionEvent,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

const app = express();

/** Asks the app itself, with a response that gets no connection. */
function dispatched(outer: Request, url: string): Promise<number> {
  const inner = new IncomingMessage(outer.socket);
  Object.assign(inner, { method: 'GET', url, headers: { authorization: outer.headers.authorization } });
  inner.push(null);
  const response = new ServerResponse(inner);
  return new Promise(resolve => {
    const end = response.end.bind(response) as () => ServerResponse;
    Object.assign(response, {
      end: (...given: []) => {
        end(...given);
        resolve(response.statusCode);
        return response;
      },
    });
    (app as unknown as (request: IncomingMessage, response: ServerResponse) => void)(inner, response);
  });
}

@JsonController('/items')
class ItemController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [];
  @Get('/:id') one() {
    return { isItem: true };
  }
}

@JsonController('/batch')
class BatchController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [];
  @Post('/') run(@Req() request: Request) {
    return Promise.all([1, 2, 3].map(id => dispatched(request, `/items/${id}`)));
  }
}

describe('regression: requests that a handler dispatches to its own app', () => {
  let issuer: TestIssuer;
  let server: Server;
  let events: DecisionEvent[];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const note = (event: unknown): void => void events.push(event as DecisionEvent);

  before(async () => {
    issuer = await TestIssuer.start();
    useExpressServer(app, { controllers: [ItemController, BatchController], axioms: issuer.settings() });
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    subscribe('axioms:decision', note);
  });
  beforeEach(() => {
    events = [];
  });
  after(async () => {
    unsubscribe('axioms:decision', note);
    agent.destroy();
    server.close();
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  async function batch(): Promise<unknown> {
    const { port } = server.address() as AddressInfo;
    const headers = { authorization: `Bearer ${issuer.token()}`, 'content-length': '0' };
    const asking = send({ port, host: '127.0.0.1', method: 'POST', path: '/batch', agent, headers }).end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString());
  }

  it('are reported with the next request of the connection', async () => {
    for (let times = 1; times <= 5; times++) expect(await batch()).to.deep.equal([200, 200, 200]);
    const paths = events.map(({ route: { path } }) => path);
    const items = paths.filter(path => path.startsWith('/items'));
    expect(items).to.have.lengthOf.at.least(12);
    expect(events.every(({ outcome, status }) => outcome === 'allowed' && status === 200)).to.equal(true);
  });

  it('are reported when the connection ends, if none follows, and each once', async () => {
    for (let times = 1; times <= 5; times++) await batch();
    agent.destroy();
    while (events.length < 20) await new Promise(resolve => setImmediate(resolve));
    await new Promise(resolve => setImmediate(resolve));
    expect(events).to.have.lengthOf(20);
    expect(events.filter(({ route: { path } }) => path.startsWith('/items'))).to.have.lengthOf(15);
  });
});

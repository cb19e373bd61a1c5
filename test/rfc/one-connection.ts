/** A program of its own: refuses requests on one connection, and prints what came of them. */
import 'reflect-metadata';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Body, JsonController, Post } from 'routing-controllers';
import { createExpressServer, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['book:create'];

  @Post('/') create(@Body({ validate: false }) body: unknown) {
    return body;
  }
}

export interface Outcome {
  /** How many answers had which status. */
  readonly statuses: Record<string, number>;
  readonly connections: number;
}

interface Attempt {
  readonly authorization: string;
  readonly body: string;
}

async function repeat(port: number, { authorization, body }: Attempt): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<Socket>();
  const statuses: Record<string, number> = {};
  for (let count = 0; count < 200; count++) {
    const headers = { authorization, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ port, agent, method: 'POST', path: '/books', headers });
    sent.on('socket', socket => sockets.add(socket)).end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await answer.resume().toArray();
    statuses[answer.statusCode ?? 0] = (statuses[answer.statusCode ?? 0] ?? 0) + 1;
  }
  agent.destroy();
  return { statuses, connections: sockets.size };
}

async function run(): Promise<void> {
  const issuer = await TestIssuer.start();
  // The default logger: what it says would stand on stderr.
  const axioms = { ...issuer.settings(), logger: undefined };
  const app = createExpressServer({ controllers: [BookController], axioms });
  const server = app.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const as = (claims: object): string => `Bearer ${issuer.token(claims)}`;
  const attempts: Record<string, Attempt> = {
    nobody: { authorization: '', body: '{}' },
    'a bad token': { authorization: as({ exp: 1 }), body: '{}' },
    'a bad token and a large body': { authorization: as({ exp: 1 }), body: JSON.stringify('x'.repeat(300_000)) },
    'no token': { authorization: 'Bearer', body: '{}' },
    'no scope': { authorization: as({}), body: '{}' },
    'no JSON': { authorization: as({ scope: 'book:create' }), body: '{"title": ' },
    'a large body': { authorization: as({ scope: 'book:create' }), body: JSON.stringify('x'.repeat(300_000)) },
    'everything that is asked for': { authorization: as({ scope: 'book:create' }), body: '{}' },
  };
  const outcomes: Record<string, Outcome> = {};
  for (const [name, attempt] of Object.entries(attempts)) outcomes[name] = await repeat(port, attempt);
  process.stdout.write(JSON.stringify(outcomes));
  (app.locals['axioms'] as { close(): void }).close();
  server.close();
  await issuer.close();
}

void run();

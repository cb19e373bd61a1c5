/** An introspection endpoint that says what a test wants, however an outage looks. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { audience, silentLogger } from './test-issuer';

export interface Asked {
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}

type Answer = (asked: Asked, response: ServerResponse) => unknown;

export class IntrospectionEndpoint {
  readonly asked: Asked[] = [];
  /** What is said of every token; a handler that gives nothing back has answered by itself, or does not. */
  answer: Answer = () => this.good();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<IntrospectionEndpoint> {
    const server = createServer();
    const endpoint = new IntrospectionEndpoint(server);
    server.on('request', (request, response) => void endpoint.handle(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return endpoint;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.origin}/introspect`;
  }

  get settings() {
    return {
      audience,
      issuerUrl: this.origin,
      jwksPrefetch: false,
      introspectionUrl: this.url,
      introspectionClientId: 'api',
      introspectionClientSecret: 'the-secret-of-the-api',
      logger: silentLogger,
    };
  }

  /** An answer about a good token, with members added or, by `undefined`, taken away. */
  good(members: object = {}): object {
    const exp = Math.floor(Date.now() / 1000) + 300;
    return { active: true, iss: this.origin, aud: audience, sub: 'alice', exp, token_type: 'Bearer', ...members };
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = { headers: request.headers, form: new URLSearchParams(await text(request)) };
    this.asked.push(asked);
    const said = this.answer(asked, response);
    if (said !== undefined) response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(said));
  }
}

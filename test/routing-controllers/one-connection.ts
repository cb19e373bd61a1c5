/** A client that has one connection, and knows whether it lost it. */
import { once } from 'node:events';
import { Agent, createServer, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export class OneConnection {
  /** Connections that the server has seen. */
  connections = 0;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(readonly server: Server) {
    server.on('connection', () => {
      this.connections += 1;
    });
  }

  static async open(app: unknown): Promise<OneConnection> {
    const server = createServer(app as RequestListener);
    const opened = new OneConnection(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return opened;
  }

  /** @throws where the connection ends before the answer does. */
  send(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Reply> {
    const { port } = this.server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, path, method, headers, agent: this.#agent, timeout: 4000 },
        response => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`No answer to ${method} ${path}`)));
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Serves an app on the loopback interface and sends it requests without redirects and retries. */
import { createServer, request as newRequest, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request sends in addition to method and path. */
export interface RequestContent {
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent unchanged, anything else as JSON. */
  readonly body?: unknown;
}

export interface LoopbackAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends one request. */
export type Send = (method: string, path: string, content?: RequestContent) => Promise<LoopbackAnswer>;

// Milliseconds. An app that never answers must not hang the tests.
const longestWait = 10_000;

/** Serves the app on a free port of 127.0.0.1 while `use` runs. */
export async function onLoopback<Result>(app: RequestListener, use: (send: Send) => Promise<Result>): Promise<Result> {
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await use((method, path, content) => send(port, method, path, content));
  } finally {
    const closed = new Promise(resolve => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}

function send(port: number, method: string, path: string, content: RequestContent = {}): Promise<LoopbackAnswer> {
  const body = bodyOf(content);
  const type: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const headers = { ...type, ...content.headers };
  return new Promise((resolve, reject) => {
    const request = newRequest({ host: '127.0.0.1', port, method, path, headers, timeout: longestWait, agent: false });
    request
      .on('response', response => {
        const chunks: Buffer[] = [];
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('error', reject)
          .on('end', () => {
            const { statusCode: status = 0, headers: received } = response;
            resolve({ status, headers: received, body: Buffer.concat(chunks).toString() });
          });
      })
      .on('timeout', () => {
        request.destroy(new Error(`no answer in ${longestWait / 1000} seconds`));
      })
      .on('error', reject)
      .end(body);
  });
}

function bodyOf({ body }: RequestContent): string | undefined {
  return body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
}

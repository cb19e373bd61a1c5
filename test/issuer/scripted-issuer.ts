/** An issuer on this machine that serves metadata and keys, well or badly, as a test tells it to. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Mode =
  | { readonly is: 'ok'; readonly headers?: Record<string, string> }
  | { readonly is: 'slow'; readonly delay: number }
  | { readonly is: 'hang' | 'drip' | 'drop' | 'html' | 'invalid-json' | 'not-a-jwks' | 'empty-keys' }
  | { readonly is: 'status' | 'redirect'; readonly status: number }
  | { readonly is: 'oversized'; readonly bytes: number; readonly chunked: boolean }
  | { readonly is: 'document'; readonly document: unknown };

export const ok: Mode = { is: 'ok' };
export const down: Mode = { is: 'status', status: 500 };

export type Jwk = Record<string, unknown>;

export interface IssuerKey {
  readonly jwk: Jwk;
  readonly privateKey: KeyObject;
}

/** An EC P-256 key pair with its JWK; fast to make. */
export function makeKey(kid: string, members: Jwk = { alg: 'ES256', use: 'sig' }): IssuerKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid, ...members }, privateKey };
}

export const oidcPath = '/.well-known/openid-configuration';
export const oauthPath = '/.well-known/oauth-authorization-server';
export const keysPath = '/keys';

/**
 * Serves `keysPath` by `keysMode` and the OIDC metadata by `metadataMode`; everything else is 404 unless `modes` has it.
 *
 * @example
 * const issuer = await ScriptedIssuer.start();
 * issuer.keysMode = { is: 'hang' };
 */
export class ScriptedIssuer {
  keys: Jwk[] = [makeKey('k1').jwk];
  /** Sent with the keys, and compared with If-None-Match. */
  etag: string | undefined;
  /** Further paths and how they answer; wins over the two below. */
  readonly modes = new Map<string, Mode>();
  keysMode: Mode = ok;
  metadataMode: Mode = ok;
  /** Members of the metadata beside, or instead of, `issuer` and `jwks_uri`. */
  metadata: Record<string, unknown> = {};
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[] = [];
  /** Most requests to one path at the same time. */
  mostAtOnce = 0;
  /** Bytes of bodies that were handed to the sockets. */
  bytesSent = 0;

  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Map<string, number>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#receive(request, response);
    });
    this.#server.on('connection', socket => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<ScriptedIssuer> {
    const issuer = new ScriptedIssuer();
    await new Promise<void>(resolve => issuer.#server.listen(0, '127.0.0.1', resolve));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get jwksUrl(): string {
    return this.url + keysPath;
  }

  /** Requests whose answer has neither been sent nor given up. */
  get openRequests(): number {
    return [...this.#open.values()].reduce((sum, open) => sum + open, 0);
  }

  /** Requests to this path so far. */
  count(path: string = keysPath): number {
    return this.requests.filter(request => request.path === path).length;
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push({ path, headers: request.headers });
    this.#countOpen(path, response);
    const mode = this.modes.get(path) ?? this.#ownMode(path);
    this.#answer(mode, request, response);
  }

  #ownMode(path: string): Mode {
    if (path === keysPath) return this.keysMode;
    return path === oidcPath ? this.metadataMode : { is: 'status', status: 404 };
  }

  #countOpen(path: string, response: ServerResponse): void {
    const open = (this.#open.get(path) ?? 0) + 1;
    this.#open.set(path, open);
    this.mostAtOnce = Math.max(this.mostAtOnce, open);
    response.on('close', () => this.#open.set(path, (this.#open.get(path) ?? 1) - 1));
  }

  #answer(mode: Mode, request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    switch (mode.is) {
      case 'ok':
        this.#answerWell(path, request, response, mode.headers);
        break;
      case 'slow':
        setTimeout(() => {
          this.#answerWell(path, request, response);
        }, mode.delay).unref();
        break;
      case 'hang':
        break;
      case 'drip':
        drip(response);
        break;
      case 'drop':
        response.writeHead(200, { 'Content-Length': 1000 }).write('{"keys": [');
        setImmediate(() => response.destroy());
        break;
      case 'status':
        response.writeHead(mode.status).end();
        break;
      case 'redirect':
        response.writeHead(mode.status, { Location: `${this.url}/elsewhere` }).end();
        break;
      case 'oversized':
        void this.#flood(response, mode.bytes, mode.chunked);
        break;
      default:
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(badBody(mode));
    }
  }

  #answerWell(path: string, request: IncomingMessage, response: ServerResponse, headers = {}): void {
    if (path !== oidcPath && path !== oauthPath) {
      this.#answerKeys(request, response, headers);
      return;
    }
    const metadata = { issuer: this.url, jwks_uri: this.jwksUrl, ...this.metadata };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(metadata));
  }

  #answerKeys(request: IncomingMessage, response: ServerResponse, headers: Record<string, string>): void {
    const etag: Record<string, string> = this.etag === undefined ? {} : { ETag: this.etag };
    const isSame = this.etag !== undefined && request.headers['if-none-match'] === this.etag;
    response.writeHead(isSame ? 304 : 200, { 'Content-Type': 'application/jwk-set+json', ...etag, ...headers });
    response.end(isSame ? undefined : JSON.stringify({ keys: this.keys }));
  }

  // A good key set in front, so that only the size is wrong.
  async #flood(response: ServerResponse, bytes: number, chunked: boolean): Promise<void> {
    response.writeHead(200, chunked ? {} : { 'Content-Length': bytes });
    const chunk = Buffer.alloc(16 * 1024, ' ');
    this.bytesSent = 0;
    while (this.bytesSent < bytes && !response.destroyed) {
      this.bytesSent += chunk.length;
      if (!response.write(chunk)) await writable(response);
    }
    response.end();
  }
}

async function writable(response: ServerResponse): Promise<void> {
  const stopped = new AbortController();
  const free = ['drain', 'close'].map(event => once(response, event, { signal: stopped.signal }));
  await Promise.race(free).catch(() => undefined);
  stopped.abort();
  await Promise.allSettled(free);
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"keys": [');
  const timer = setInterval(() => response.write(' '), 10).unref();
  response.on('close', () => {
    clearInterval(timer);
  });
}

function badBody(mode: Mode): string {
  switch (mode.is) {
    case 'html':
      return '<html><body>Maintenance secret-marker</body></html>';
    case 'invalid-json':
      return '{"keys": [{"kid": "secret-marker"';
    case 'not-a-jwks':
      return '{"hello": "secret-marker"}';
    case 'document':
      return JSON.stringify(mode.document);
    default:
      return '{"keys": []}';
  }
}

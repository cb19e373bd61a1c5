/** The endpoints of an issuer, metadata and keys: over HTTP on the loopback interface, or as a `fetch`. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { joinUrl } from '../core/http/urls';
import { answerIn, type IssuerAnswer, type IssuerMode } from './issuer-mode';
import type { Jwk } from './signing-key';

/** Holds the path of the OpenID metadata (OpenID Connect Discovery 1.0 §4). */
export const oidcPath = '/.well-known/openid-configuration';
/**
 * Holds the path of the OAuth metadata (RFC 8414 §3). The path of the issuer follows it. It answers 404 unless `modes` of
 * {@link IssuerEndpoints} has it.
 */
export const oauthPath = '/.well-known/oauth-authorization-server';
/** Holds the path of the key set, which the metadata names as `jwks_uri`. */
export const keysPath = '/keys';

const ok: IssuerMode = { is: 'ok' };

/** A request that an endpoint received. */
export interface IssuerRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Serves `/keys` according to `keysMode` and the OpenID metadata according to `metadataMode`. Any other path is 404
 * unless `modes` has it.
 *
 * @example
 * const endpoints = await new IssuerEndpoints().listen();
 * endpoints.keysMode = { is: 'hang' };
 */
export class IssuerEndpoints {
  /** The published keys. */
  keys: Jwk[] = [];
  /** The ETag of the keys, which is compared with `If-None-Match`. */
  etag: string | undefined;
  /** How other paths answer. Takes precedence over the two modes below. */
  readonly modes = new Map<string, IssuerMode>();
  keysMode: IssuerMode = ok;
  metadataMode: IssuerMode = ok;
  /** Members of the metadata, which are added to `issuer` and `jwks_uri` or replace them. */
  metadata: Record<string, unknown> = {};
  readonly requests: IssuerRequest[] = [];
  /** The largest number of simultaneous requests to one path. */
  mostAtOnce = 0;
  /** The number of bytes of oversized bodies that clients have read. */
  bytesSent = 0;

  #server: Server | undefined;
  readonly #open = new Map<string, number>();

  /**
   * @param issuerUrl the issuer's name; default: the URL where it listens, or `https://issuer.test` (RFC 6761 §6.2)
   * before it listens
   */
  constructor(private readonly issuerUrl?: string) {}

  /** The issuer's name: the `iss` of its tokens. */
  get url(): string {
    return this.issuerUrl ?? this.origin ?? 'https://issuer.test';
  }

  /** The URL of the key set. */
  get jwksUrl(): string {
    return joinUrl(this.origin ?? this.url, keysPath);
  }

  /** The origin where it listens, on the loopback interface; `undefined` if it does not listen. */
  get origin(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? `http://127.0.0.1:${address.port}` : undefined;
  }

  /** The number of requests whose answer is neither sent nor aborted. */
  get openRequests(): number {
    return [...this.#open.values()].reduce((sum, open) => sum + open, 0);
  }

  /** Returns the number of requests to this path so far. */
  count(path: string = keysPath): number {
    return this.requests.filter(request => request.path === path).length;
  }

  /** Serves over HTTP on a free port of 127.0.0.1. */
  async listen(): Promise<this> {
    if (this.#server !== undefined) return this;
    const server = createServer((request, response) => {
      this.#receive({ path: request.url ?? '', headers: request.headers }, response);
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.#server = server;
    return this;
  }

  /** Ends every connection, including those that hang. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise(resolve => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Gives the same answers without a network, for any class that takes a `fetch`. URLs of other origins fail. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const { url, headers, signal } = new Request(input, init);
    signal.throwIfAborted();
    const { origin, pathname, search } = new URL(url);
    if (origin !== new URL(this.jwksUrl).origin) throw new TypeError(`The test issuer is not at ${origin}`);
    const { answer, end } = this.#begin({ path: pathname + search, headers: Object.fromEntries(headers) });
    try {
      return asResponse(await Promise.race([answer, aborted(signal)]));
    } finally {
      end();
    }
  };

  #receive(request: IssuerRequest, response: ServerResponse): void {
    const { answer, end } = this.#begin(request);
    response.on('close', end);
    // The client has closed the connection, or the body fails on purpose. Only the connection has to end.
    answer.then(found => send(found, response)).catch(() => response.destroy());
  }

  #begin(request: IssuerRequest): { readonly answer: Promise<IssuerAnswer>; readonly end: () => void } {
    const { path } = request;
    this.requests.push(request);
    this.#countOpen(path, 1);
    const end = (): void => {
      this.#countOpen(path, -1);
    };
    return { answer: this.#answer(request), end };
  }

  #countOpen(path: string, step: 1 | -1): void {
    const open = (this.#open.get(path) ?? 0) + step;
    this.#open.set(path, open);
    this.mostAtOnce = Math.max(this.mostAtOnce, open);
  }

  #answer(request: IssuerRequest): Promise<IssuerAnswer> {
    const { path } = request;
    return answerIn(this.modes.get(path) ?? this.#ownMode(path), {
      url: this.url,
      answerWell: headers => (this.#isMetadata(path) ? this.#metadataAnswer() : this.#keysAnswer(request, headers)),
      sent: bytes => {
        this.bytesSent += bytes;
      },
    });
  }

  #ownMode(path: string): IssuerMode {
    if (path === new URL(this.jwksUrl).pathname) return this.keysMode;
    return path === this.#placeOf(oidcPath) ? this.metadataMode : { is: 'status', status: 404 };
  }

  #isMetadata(path: string): boolean {
    return path === this.#placeOf(oidcPath) || path === this.#placeOfOauth;
  }

  // OpenID Connect Discovery 1.0 §4 appends to the issuer's path.
  #placeOf(path: string): string {
    return new URL(joinUrl(this.origin ?? this.url, path)).pathname;
  }

  // RFC 8414 §3.1 inserts between host and path.
  get #placeOfOauth(): string {
    const { pathname } = new URL(this.origin ?? this.url);
    return `${oauthPath}${pathname.replace(/\/+$/, '')}`;
  }

  #metadataAnswer(): IssuerAnswer {
    const metadata = { issuer: this.url, jwks_uri: this.jwksUrl, ...this.metadata };
    return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(metadata) };
  }

  #keysAnswer({ headers: asked }: IssuerRequest, added: Readonly<Record<string, string>> = {}): IssuerAnswer {
    const etag: Record<string, string> = this.etag === undefined ? {} : { ETag: this.etag };
    const isSame = this.etag !== undefined && asked['if-none-match'] === this.etag;
    return {
      status: isSame ? 304 : 200,
      headers: { 'Content-Type': 'application/jwk-set+json', ...etag, ...added },
      body: isSame ? '' : JSON.stringify({ keys: this.keys }),
    };
  }
}

async function send({ status, headers, body }: IssuerAnswer, response: ServerResponse): Promise<void> {
  response.writeHead(status, headers);
  if (typeof body === 'string') response.end(body);
  else await pipeline(Readable.from(body), response);
}

function asResponse({ status, headers, body }: IssuerAnswer): Response {
  const content = typeof body === 'string' ? body || null : (Readable.toWeb(Readable.from(body)) as ReadableStream);
  return new Response(content, { status, headers });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

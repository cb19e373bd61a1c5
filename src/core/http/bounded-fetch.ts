/** Fetches a JSON document within limits of time and size. Follows no redirect, and reports why a fetch failed. */
import { follow, TimeIsUp } from '../time/deadline';
import { retryAfterOf } from './freshness';
import { withoutQuery } from './urls';

/**
 * Why there is no document:
 *
 * - `parse`: the body has another format than the requested one.
 * - `content`: the body was read, and its content is refused.
 * - `closed`: the fetch was aborted because the server is closing.
 */
export type FailureKind = 'timeout' | 'status' | 'size' | 'redirect' | 'parse' | 'network' | 'content' | 'closed';

/** Describes a failed fetch, for the log and never for a client. The message has nothing of the body. */
export class FetchFailure extends Error {
  override readonly name = 'FetchFailure';

  constructor(
    readonly kind: FailureKind,
    /** The URL of the request. */
    readonly url: string,
    reason: string,
    /** Status of the answer, if the answer was refused. */
    readonly status?: number,
    /** Seconds that the answer's `Retry-After` asks to wait. */
    readonly retryAfter?: number,
  ) {
    super(`${withoutQuery(url)}: ${reason}`);
  }
}

export interface FetchBounds {
  readonly fetch: typeof globalThis.fetch;
  /**
   * Aborts the fetch, whether it waits for headers or for the body. Its reason should be a {@link FetchFailure} or a
   * {@link TimeIsUp}.
   */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970, for a date in the `Retry-After` of an answer without a `Date`; default: `Date.now()`. */
  readonly clock?: () => number;
}

export interface JsonAnswer {
  readonly headers: Headers;
  /** The parsed body; `undefined` after a 304. */
  readonly document: unknown;
  /** Whether the answer was 304: the document with this ETag is still current (RFC 9110 §15.4.5). */
  readonly isUnchanged: boolean;
}

/**
 * The `Accept` field for an issuer's keys. RFC 7517 §8.5.2 defines a media type for them, and Kubernetes answers 406
 * without it.
 */
export const keySetTypes = 'application/jwk-set+json, application/json';

export interface JsonRequest {
  /** The `Accept` field; default: `application/json`. */
  readonly accept?: string;
  /** Makes the request conditional (RFC 9110 §13.1.2), so that a 304 is a valid answer. */
  readonly etag?: string | undefined;
}

/** The largest body that is read, in bytes. */
export const largestBody = 512 * 1024;

/**
 * Fetches the JSON document at `url`.
 *
 * @throws FetchFailure and no other error.
 * @example
 * const { signal } = new Deadline(5, globalTimers, closing.signal);
 * const { document } = await fetchJson(url, { fetch, signal });
 */
export async function fetchJson(
  url: string,
  { signal, ...bounds }: FetchBounds,
  request: JsonRequest = {},
): Promise<JsonAnswer> {
  return bounded(url, signal, own => exchange(url, { ...bounds, signal: own }, request));
}

/**
 * Sends any request and reads the whole body before it returns, so that the caller has nothing left to wait for.
 *
 * @throws FetchFailure and no other error; also for every status but 200.
 */
export async function fetchWhole(url: string, init: RequestInit, { fetch, signal }: FetchBounds): Promise<Response> {
  return bounded(url, signal, async own => {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: own });
    refuseStatus(url, response);
    return new Response(new Uint8Array(await readBody(url, response)), { headers: response.headers });
  });
}

async function bounded<T>(url: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const own = new AbortController();
  const unfollow = follow(signal, own);
  try {
    signal.throwIfAborted();
    // A race, because an injected fetch may ignore the signal.
    return await orAborted(run(own.signal), own.signal);
  } catch (error) {
    throw asFailure(url, own.signal.aborted ? own.signal.reason : error);
  } finally {
    unfollow();
    // Closes the connection if the answer was not read to its end.
    own.abort();
  }
}

/** Waits for `result`. Throws the reason of the signal if that is aborted first. */
export function orAborted<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return Promise.race([aborted(signal), result]);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}

async function exchange(
  url: string,
  { fetch, signal, clock }: FetchBounds,
  { accept = 'application/json', etag }: JsonRequest,
): Promise<JsonAnswer> {
  const condition: Record<string, string> = etag === undefined ? {} : { 'If-None-Match': etag };
  const headers = { Accept: accept, ...condition };
  const response = await fetch(url, { headers, redirect: 'manual', signal });
  const isUnchanged = response.status === 304 && etag !== undefined;
  if (isUnchanged) return { headers: response.headers, document: undefined, isUnchanged };
  refuseStatus(url, response, clock);
  return { headers: response.headers, document: parse(url, await readBody(url, response)), isUnchanged };
}

function refuseStatus(url: string, { status, type, headers }: Response, clock: () => number = Date.now): void {
  if (status === 200) return;
  const wait = retryAfterOf(headers, clock());
  const isRedirect = type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304);
  if (isRedirect)
    throw new FetchFailure('redirect', url, `redirects (status ${status}); it is not followed`, status, wait);
  throw new FetchFailure('status', url, `answers with status ${status}`, status, wait);
}

async function readBody(url: string, response: Response): Promise<Buffer> {
  if (Number(response.headers.get('content-length')) > largestBody) throw tooLarge(url);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > largestBody) throw tooLarge(url);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(url: string): FetchFailure {
  return new FetchFailure('size', url, `the answer has more than ${largestBody} bytes`);
}

function parse(url: string, body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // The parser's own message quotes the body.
    throw new FetchFailure('parse', url, 'the answer is not JSON');
  }
}

function asFailure(url: string, error: unknown): FetchFailure {
  if (error instanceof FetchFailure) return error;
  if (error instanceof TimeIsUp) return new FetchFailure('timeout', url, error.message);
  return new FetchFailure('network', url, `cannot be reached (${codeOf(error)})`);
}

// The message of undici's error is "fetch failed"; its cause says what happened.
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const cause = error.cause instanceof Error ? error.cause : error;
  return (cause as NodeJS.ErrnoException).code ?? cause.name;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

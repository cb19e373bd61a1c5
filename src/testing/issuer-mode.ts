/** Defines how a test issuer answers, including its faulty answers. */
import { setImmediate, setTimeout } from 'node:timers/promises';

/**
 * How an endpoint answers: correctly (`ok`), correctly after some milliseconds (`slow`), never (`hang`), one byte at a
 * time (`drip`), with a connection that ends in the middle (`drop`), with something that is not a key set, with a
 * status, with a redirect, with more bytes than a client should read (`oversized`), or with a JSON document.
 */
export type IssuerMode =
  | { readonly is: 'ok'; readonly headers?: Readonly<Record<string, string>> }
  | { readonly is: 'slow'; readonly delay: number }
  | { readonly is: 'hang' | 'drip' | 'drop' | 'html' | 'invalid-json' | 'not-a-jwks' | 'empty-keys' }
  | { readonly is: 'status' | 'redirect'; readonly status: number }
  | { readonly is: 'oversized'; readonly bytes: number; readonly chunked: boolean }
  | { readonly is: 'document'; readonly document: unknown };

const modes: Readonly<Record<IssuerMode['is'], true>> = {
  ok: true,
  slow: true,
  hang: true,
  drip: true,
  drop: true,
  html: true,
  'invalid-json': true,
  'not-a-jwks': true,
  'empty-keys': true,
  status: true,
  redirect: true,
  oversized: true,
  document: true,
};

/**
 * Checks a mode.
 *
 * @throws RangeError for an unknown mode
 */
export function requireMode({ is }: IssuerMode): void {
  if (!Object.hasOwn(modes, is))
    throw new RangeError(`An issuer cannot be '${is}': it is one of ${Object.keys(modes).join(', ')}.`);
}

/** An HTTP answer, independent of how it is sent. */
export interface IssuerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array>;
}

/** The part of an endpoint that a mode needs. */
export interface Endpoint {
  /** The issuer's URL. */
  readonly url: string;
  answerWell(headers?: Readonly<Record<string, string>>): IssuerAnswer;
  /** Reports how many bytes of a large body were read. */
  sent(bytes: number): void;
}

export async function answerIn(mode: IssuerMode, endpoint: Endpoint): Promise<IssuerAnswer> {
  switch (mode.is) {
    case 'ok':
      return endpoint.answerWell(mode.headers);
    case 'slow':
      await setTimeout(mode.delay, undefined, { ref: false });
      return endpoint.answerWell();
    case 'hang':
      return new Promise(() => undefined);
    case 'status':
      return { status: mode.status, headers: {}, body: '' };
    case 'redirect':
      return { status: mode.status, headers: { Location: `${endpoint.url}/elsewhere` }, body: '' };
    case 'oversized':
      return oversized(mode, endpoint);
    case 'drop':
      return { status: 200, headers: { 'Content-Length': '1000' }, body: dropped() };
    case 'drip':
      return json(dripping());
    default:
      return json(badBody(mode));
  }
}

function json(body: IssuerAnswer['body']): IssuerAnswer {
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body };
}

function oversized({ bytes, chunked }: { bytes: number; chunked: boolean }, endpoint: Endpoint): IssuerAnswer {
  return { status: 200, headers: chunked ? {} : { 'Content-Length': String(bytes) }, body: flood(bytes, endpoint) };
}

async function* flood(bytes: number, endpoint: Endpoint): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(16 * 1024, ' ');
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    endpoint.sent(chunk.length);
    yield chunk;
    await setImmediate();
  }
}

async function* dropped(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('{"keys": [');
  await setImmediate();
  throw new Error('The issuer drops the connection');
}

async function* dripping(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('{"keys": [');
  for (;;) {
    await setTimeout(10, undefined, { ref: false });
    yield Buffer.from(' ');
  }
}

// The marker must never appear in a log or an answer.
function badBody(mode: IssuerMode): string {
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

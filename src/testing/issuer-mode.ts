/** How an issuer answers, well or badly, and what its bad answers are. */
import { setImmediate, setTimeout } from 'node:timers/promises';

/**
 * How an endpoint answers: as it should (`ok`), so after some milliseconds (`slow`), never (`hang`), a byte at a time
 * (`drip`), with an end in the middle (`drop`), with what is no key set, with a status, with another place to look at
 * (`redirect`), with more bytes than anybody should read (`oversized`), or with a JSON document.
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

/** @throws RangeError for a mode that there is not. */
export function requireMode({ is }: IssuerMode): void {
  if (!Object.hasOwn(modes, is))
    throw new RangeError(`An issuer cannot be '${is}': it is one of ${Object.keys(modes).join(', ')}.`);
}

/** An answer of HTTP, by whatever way it goes out. */
export interface IssuerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array>;
}

/** What a mode needs of the endpoint that it is set for. */
export interface Endpoint {
  /** The issuer's URL. */
  readonly url: string;
  answerWell(headers?: Readonly<Record<string, string>>): IssuerAnswer;
  /** Is told how many bytes of a large body were taken. */
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

// The marker is what must never be quoted in a log or an answer.
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

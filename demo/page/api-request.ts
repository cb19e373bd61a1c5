/** Requests to the API: what is sent, and the same as a line of `curl`. */
import { read, type Answer } from './answer.js';
import type { Credentials } from './callers.js';

export interface ApiRequest {
  readonly method: string;
  /** The whole URL, as a proof names it. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
}

interface Call {
  readonly api: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
}

/** Returns the request with its credentials. A proof is good for one request. */
export async function requestOf({ api, method, path, body }: Call, credentials: Credentials): Promise<ApiRequest> {
  const url = api + path;
  const headers = {
    ...(await authorization(method, url, credentials)),
    ...(body && { 'Content-Type': 'application/json' }),
  };
  return { method, url, headers, ...(body && { body: JSON.stringify(body) }) };
}

async function authorization(
  method: string,
  url: string,
  { token, key }: Credentials,
): Promise<Record<string, string>> {
  if (token === undefined) return {};
  if (key === undefined) return { Authorization: `Bearer ${token}` };
  return { Authorization: `DPoP ${token}`, DPoP: await key.proof({ method, url, token }) };
}

/** Sends the request to the API that serves this page, without cookies. */
export async function send({ method, url, headers, body }: ApiRequest): Promise<Answer> {
  const init = { method, headers, credentials: 'omit', cache: 'no-store', ...(body && { body }) } as const;
  const path = url.slice(new URL(url).origin.length + 1);
  const response = await fetch(path, init).catch(() => {
    throw new Error('The API does not answer. Is the demo still running?');
  });
  return read(response);
}

export function curlOf({ method, url, headers, body }: ApiRequest): string {
  const parts = [
    method === 'GET' ? `curl -i ${quoted(url)}` : `curl -i -X ${method} ${quoted(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${quoted(body)}`]),
  ];
  return parts.join(' \\\n  ');
}

// For a shell: everything between single quotes is text.
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Returns the text with every token shortened, for showing. */
export function shortened(text: string): string {
  return text.replaceAll(/\beyJ[\w-]{9}[\w.-]+/g, token => `${token.slice(0, 12)}…${token.slice(-4)}`);
}

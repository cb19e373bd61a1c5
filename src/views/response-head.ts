/** The head of a response: what it is before it leaves, and how one is taken back that has not. */
import type { Response } from 'express';

export interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

// The header fields are copied: appendHeader() adds to a list of values in place.
export function headOf(response: Response): Head {
  const headers = structuredClone({ ...response.getHeaders() });
  return { status: response.statusCode, reason: response.statusMessage, headers };
}

export function setHead(response: Response, { status, reason, headers }: Head): void {
  response.statusCode = status;
  response.statusMessage = reason;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
}

/** What Node keeps of a header that `writeHead()` has made. It leaves with the first chunk. */
interface MadeHeader {
  _header?: string | null;
  _headerSent?: boolean;
  chunkedEncoding: boolean;
}

// Node has decided then that no body follows, as for HEAD, and does not say which of the two it was.
const withoutBody = /^HTTP\/1\.1 (?:204|304) /;

/**
 * Takes back a header that was made and has not left, so that the response can be another answer.
 *
 * @returns whether the response has no header now
 */
export function takeBackHeader(response: Response): boolean {
  const made = response as unknown as MadeHeader;
  const isHere = made._headerSent === false && !withoutBody.test(made._header ?? '');
  if (isHere) Object.assign(made, { _header: null, chunkedEncoding: false });
  return !response.headersSent;
}

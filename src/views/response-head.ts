/** Reads and restores the head of a response, and takes back a header that has not been sent. */
import type { Response } from 'express';

export interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export function headOf(response: Response): Head {
  const headers = response.getHeaders();
  // Copies lists of values, too: appendHeader() adds to them in place.
  for (const name in headers) if (Array.isArray(headers[name])) headers[name] = [...headers[name]];
  return { status: response.statusCode, reason: response.statusMessage, headers };
}

export function setHead(response: Response, { status, reason, headers }: Head): void {
  response.statusCode = status;
  response.statusMessage = reason;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
}

/** The properties in which Node keeps a header that `writeHead()` has made. It is sent with the first chunk. */
interface MadeHeader {
  _header?: string | null;
  _headerSent?: boolean;
  chunkedEncoding: boolean;
}

// For these statuses, as for HEAD, Node has decided that no body follows. It does not record which of the two caused
// that.
const withoutBody = /^HTTP\/1\.1 (?:204|304) /;

/**
 * Takes back a header that was made and has not been sent, so that the response can be replaced.
 *
 * @returns whether another header can be sent now
 */
export function takeBackHeader(response: Response): boolean {
  const made = response as unknown as MadeHeader;
  const isHere = made._headerSent === false && !withoutBody.test(made._header ?? '');
  if (isHere) Object.assign(made, { _header: null, chunkedEncoding: false });
  return !response.headersSent;
}

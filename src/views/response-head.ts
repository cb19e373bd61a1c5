/** Reads and restores the head of a response, and takes back a header that has not been sent. */
import type { Response } from 'express';

export interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailer: string | undefined;
}

/** The property in which Node keeps the fields of `addTrailers()`. They are sent behind a chunked body. */
interface WithTrailer {
  _trailer?: string | undefined;
}

export function headOf(response: Response): Head {
  const headers = response.getHeaders();
  // Copies lists of values, too: appendHeader() adds to them in place.
  for (const name in headers) if (Array.isArray(headers[name])) headers[name] = [...headers[name]];
  const { _trailer: trailer } = response as WithTrailer;
  return { status: response.statusCode, reason: response.statusMessage, headers, trailer };
}

/** Keeps the trailer fields that the response has, if the head has none: they follow the body and may be set until its end. */
export function setHead(response: Response, { status, reason, headers, trailer }: Head): void {
  response.statusCode = status;
  response.statusMessage = reason;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
  if (trailer !== undefined) (response as WithTrailer)._trailer = trailer;
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

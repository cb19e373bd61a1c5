/** Reads the path of a request's target. */
import type { Request } from 'express';
import { ParseError } from '../core/http/exceptions';

/**
 * Returns the URL that a request has at this server. Only the path comes from the request (RFC 9449 §4.3): a target in
 * absolute form may name another server, or one that no URL can have.
 *
 * @throws ParseError if the target is no URL
 */
export function urlAt(issuer: string, { originalUrl }: Pick<Request, 'originalUrl'>): string {
  if (!URL.canParse(originalUrl, issuer)) throw new ParseError('The target of the request is not a valid URL');
  const url = new URL(issuer);
  url.pathname = new URL(originalUrl, issuer).pathname;
  return url.href;
}

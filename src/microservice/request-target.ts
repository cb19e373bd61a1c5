/** Reads the path of a request's target, and finds the URL by which clients know it. */
import type { Request } from 'express';
import { ParseError } from '../core/http/exceptions';
import { joinUrl } from '../core/http/urls';
import { matchesPath } from './cookies/cookie-rules';
import type { Options } from './options';

/** The options that say where clients see the endpoints. */
export type EndpointPlace = Pick<Options, 'externalUrl' | 'prefix' | 'refreshCookiePath'>;

type Target = Pick<Request, 'originalUrl'>;

/**
 * Returns the path of a request. Only the path comes from the request (RFC 9449 §4.3): a target in absolute form may name
 * another server, or one that no URL can have.
 *
 * @throws ParseError if the target is no URL
 */
export function pathOf(externalUrl: string, { originalUrl }: Target): string {
  if (!URL.canParse(originalUrl, externalUrl)) throw new ParseError('The target of the request is not a valid URL');
  return new URL(originalUrl, externalUrl).pathname;
}

/**
 * Returns the URLs that a DPoP proof may name as the target of a request: the URL that the metadata names for the
 * endpoint, and the URL with the path that arrived if clients see the endpoints there. Behind a proxy that takes the
 * path of `externalUrl` away, they do not: that URL may be an endpoint of another server, whose proofs must not count here.
 *
 * @throws ParseError if the target is no URL
 */
export function urlsOf({ externalUrl, prefix, refreshCookiePath }: EndpointPlace, target: Target): readonly string[] {
  const path = pathOf(externalUrl, target);
  const endpoint = path.slice(Math.max(0, path.lastIndexOf(`${prefix}/`)));
  const named = new URL(joinUrl(externalUrl, endpoint)).href;
  const hasNoPath = new URL(externalUrl).pathname === '/';
  const isSeen = hasNoPath || (refreshCookiePath !== '/' && matchesPath(path, refreshCookiePath));
  return isSeen ? [named, urlAt(externalUrl, path)] : [named];
}

function urlAt(externalUrl: string, path: string): string {
  const url = new URL(externalUrl);
  url.pathname = path;
  return url.href;
}

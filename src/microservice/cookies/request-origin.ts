/** Checks the origin of a request, from header fields that browsers set and scripts cannot change. */
import type { Request } from 'express';
import { PermissionDenied } from '../../core/http/exceptions';
import type { SameSite } from './cookie-rules';

export interface OriginOptions {
  /** Origins such as `https://app.example.com`, without a path. */
  readonly allowedOrigins: readonly string[];
  readonly cookieSameSite: SameSite;
}

/**
 * Refuses requests from pages of other origins than the allowed ones. Clients that are not browsers send neither
 * header; they are accepted, because no other site can use their cookies.
 *
 * @throws PermissionDenied for a request from another origin
 */
export function checkOrigin({ headers }: Request, { allowedOrigins, cookieSameSite }: OriginOptions): void {
  const { origin, 'sec-fetch-site': site } = headers;
  const isAllowed = origin !== undefined && allowedOrigins.includes(origin);
  // Fetch metadata §2.4. Browsers send our cookies with requests of other sites only if SameSite is "none".
  const isForeign = site === 'cross-site' && !(isAllowed && cookieSameSite === 'none');
  const isUnnamed = origin === undefined && site !== undefined && site !== 'same-origin' && site !== 'none';
  const isOtherOrigin = origin !== undefined && !isAllowed;
  if (isForeign || isUnnamed || isOtherOrigin) throw new PermissionDenied('Requests from this origin are not accepted');
}

/**
 * Refuses a login that a page of another origin begins without leaving, as by an image or a script. Such a page could
 * begin many at the same time, each with a cookie.
 *
 * @throws PermissionDenied for a request that does not open a page
 */
export function checkNavigation({ headers }: Request): void {
  const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers;
  const isOfAnotherOrigin = site === 'cross-site' || site === 'same-site';
  // A page could open many logins in frames, whose cookies would make its visitor's requests too large.
  const isPage = mode === 'navigate' && (destination === undefined || destination === 'document');
  if (isOfAnotherOrigin && !isPage) throw new PermissionDenied('A login begins by opening its page');
}

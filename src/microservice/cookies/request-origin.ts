/** Where a request comes from, as browsers say it and no script can change it. */
import type { Request } from 'express';
import { PermissionDenied } from '../../core/exceptions';
import type { SameSite } from './cookie-rules';

export interface OriginOptions {
  /** `https://app.example.com`, without a path. */
  readonly allowedOrigins: readonly string[];
  readonly cookieSameSite: SameSite;
}

/**
 * @throws PermissionDenied for a request from a page of another origin than the allowed ones. Clients that are no browsers
 * send neither header, and have no cookies that anybody else could use.
 */
export function checkOrigin({ headers }: Request, { allowedOrigins, cookieSameSite }: OriginOptions): void {
  const { origin, 'sec-fetch-site': site } = headers;
  const isAllowed = origin !== undefined && allowedOrigins.includes(origin);
  // Fetch metadata §2.4. A page of another site has no use of cookies that are not sent to it.
  const isForeign = site === 'cross-site' && !(isAllowed && cookieSameSite === 'none');
  const isUnnamed = origin === undefined && site !== undefined && site !== 'same-origin' && site !== 'none';
  const isOtherOrigin = origin !== undefined && !isAllowed;
  if (isForeign || isUnnamed || isOtherOrigin) throw new PermissionDenied('Requests from this origin are not accepted');
}

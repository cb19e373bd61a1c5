/** Checks that browsers send the cookies from the pages of the allowed origins. */
import { isIP } from 'node:net';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { isLoopback } from '../../core/http/urls';
import type { SameSite } from './cookie-rules';

export interface SiteOptions {
  readonly issuer: string;
  readonly externalUrl: string;
  readonly allowedOrigins: readonly string[];
  readonly cookieSameSite: SameSite;
}

/** @throws ImproperlyConfigured with the option and the fix */
export function checkSites({ issuer, externalUrl, allowedOrigins, cookieSameSite }: SiteOptions): void {
  if (new URL(externalUrl).protocol !== new URL(issuer).protocol)
    throw new ImproperlyConfigured(
      `externalUrl is '${externalUrl}' and the issuer is '${issuer}'; expected both with https:, or both with http: on this machine.`,
    );
  const foreign = allowedOrigins.find(origin => !maySendCookies(new URL(origin), new URL(externalUrl)));
  if (foreign !== undefined && cookieSameSite !== 'none')
    throw new ImproperlyConfigured(
      `allowedOrigins has '${foreign}', which is of another site than '${externalUrl}', and cookieSameSite is '${cookieSameSite}': browsers would not send the cookies from there. Remove the origin, set cookieSameSite to 'none', or set externalUrl if browsers know the endpoints by another URL.`,
    );
}

/**
 * Returns whether two URLs may be of the same site: the same scheme and registrable domain (HTML standard, "same
 * site"). Without a public suffix list, names below a suffix such as `github.io` pass here. Browsers know such a
 * suffix, so that they send no cookies there, and say `Sec-Fetch-Site: cross-site`, which the endpoints refuse.
 */
export function maySendCookies(page: URL, endpoints: URL): boolean {
  if (page.protocol !== endpoints.protocol) return false;
  // Under development, a page that is opened by another name of this machine uses the endpoints by that name, too.
  if (isLoopback(page) && isLoopback(endpoints)) return true;
  return siteOf(page.hostname) === siteOf(endpoints.hostname);
}

const secondLevels = ['ac', 'co', 'com', 'edu', 'gov', 'mil', 'ne', 'net', 'or', 'org'];

function siteOf(hostname: string): string {
  if (isIP(hostname.replace(/[[\]]/g, '')) !== 0) return hostname;
  const labels = hostname.replace(/\.$/, '').split('.');
  const [second = '', top = ''] = labels.slice(-2);
  // Countries register names below such labels: `example.co.uk`, `example.com.au`.
  const isSuffix = top.length === 2 && secondLevels.includes(second);
  return labels.slice(isSuffix ? -3 : -2).join('.');
}

/** The options of a session's cookies, and the check for configurations that cannot work or are unsafe. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { shown } from '../../core/settings/shown-value';
import type { Logger } from '../../core/settings/logger';

export type SameSite = 'strict' | 'lax' | 'none';

export interface CookieOptions {
  readonly refreshCookieName: string;
  readonly csrfCookieName: string;
  readonly refreshCookiePath: string;
  readonly cookieSameSite: SameSite;
  /** False only for a plain HTTP issuer on a loopback host. */
  readonly isSecure: boolean;
  /** The path of the endpoints. */
  readonly prefix: string;
}

/** @throws ImproperlyConfigured with the option and the fix */
export function checkCookies(options: CookieOptions): void {
  for (const check of [checkNames, checkPrefixes, checkPath, checkSameSite]) check(options);
}

// RFC 6265 §4.1.1: a cookie-name is a token.
function checkNames({ refreshCookieName, csrfCookieName }: CookieOptions): void {
  const wrong = [refreshCookieName, csrfCookieName].find(name => !/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(name));
  if (wrong !== undefined)
    throw new ImproperlyConfigured(
      `${shown(wrong)} cannot be the name of a cookie; expected letters, digits, '-' and '_'.`,
    );
  const ofLogins = [refreshCookieName, csrfCookieName].find(name => /^(?:__host-)?axioms-login-/i.test(name));
  if (ofLogins !== undefined)
    throw new ImproperlyConfigured(
      `The name '${ofLogins}' begins as those of the cookies of logins at providers; expected another beginning than 'axioms-login-'.`,
    );
  if (refreshCookieName === csrfCookieName)
    throw new ImproperlyConfigured(
      `refreshCookieName and csrfCookieName are both '${csrfCookieName}'; expected two names.`,
    );
}

// draft-ietf-httpbis-rfc6265bis §4.1.3: browsers silently drop a cookie that breaks the rules of its prefix.
function checkPrefixes({ refreshCookieName, csrfCookieName, refreshCookiePath, isSecure }: CookieOptions): void {
  for (const name of [refreshCookieName, csrfCookieName]) {
    const isHost = /^__host-/i.test(name);
    if (!isHost && !/^__secure-/i.test(name)) continue;
    if (!isSecure)
      throw new ImproperlyConfigured(
        `The cookie '${name}' must be Secure, and the issuer is plain HTTP: use an https: issuer, or a name without the prefix.`,
      );
    if (isHost && refreshCookiePath !== '/')
      throw new ImproperlyConfigured(
        `The cookie '${name}' must have the path '/', and refreshCookiePath is ${shown(refreshCookiePath)}: set refreshCookiePath to '/', or use the prefix '__Secure-'.`,
      );
  }
}

/**
 * Warns of names that another host of the site can use for cookies of its own. The defaults have no prefix: `__Host-` needs
 * the path `/`, by which every route of the host would get the refresh token.
 */
export function warnOfPlantable({ refreshCookieName, csrfCookieName, ...options }: CookieOptions, log: Logger): void {
  const names = [refreshCookieName, csrfCookieName].filter(name => !/^__host-/i.test(name));
  if (!options.isSecure || options.refreshCookiePath !== '/' || names.length === 0) return;
  log.warn(
    "Another host of the site can set the cookies of a session, and so sign a visitor in as somebody else. Begin refreshCookieName and csrfCookieName with '__Host-', as refreshCookiePath is '/'.",
    { cookies: names },
  );
}

function checkPath({ refreshCookiePath, prefix }: CookieOptions): void {
  for (const [name, path] of [
    ['refreshCookiePath', refreshCookiePath],
    ['prefix', prefix],
  ] as const)
    if (!isPlainPath(path, name === 'refreshCookiePath'))
      throw new ImproperlyConfigured(`${name} is ${shown(path)}; expected a path such as '/auth'.`);
  // A proxy may remove the beginning of the path.
  if (!matchesPath(prefix, refreshCookiePath) && !refreshCookiePath.endsWith(prefix))
    throw new ImproperlyConfigured(
      `refreshCookiePath is '${refreshCookiePath}' and the endpoints are under '${prefix}': browsers would never send the cookie there. Give both the same path.`,
    );
}

function isPlainPath(path: string, mayBeRoot: boolean): boolean {
  return (mayBeRoot && path === '/') || /^(?:\/[\w.~-]+)+$/.test(path);
}

function checkSameSite({ cookieSameSite, isSecure }: CookieOptions): void {
  if (cookieSameSite === 'none' && !isSecure)
    throw new ImproperlyConfigured(
      "cookieSameSite is 'none', and the issuer is plain HTTP: browsers take such cookies only over https:.",
    );
}

/** Returns whether a browser sends a cookie of `cookiePath` to `path` (RFC 6265 §5.1.4). */
export function matchesPath(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

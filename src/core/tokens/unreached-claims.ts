/** Reports a configured claim that a token has only under another spelling: a path with dots instead of a JSON Pointer. */
import type { Claims, JsonValue } from '../jws/compact-jws';
import type { Settings } from '../settings/settings';
import type { NameSetting } from './spaced-names';

/** A setting whose claims may be missing in a good token. */
export type GrantSetting = NameSetting | 'scopeClaims';

/**
 * Returns the JSON Pointer (RFC 6901) of the claim that a path such as `realm_access.roles`, `realm_access/roles` or
 * `$.realm_access.roles` may mean, or `undefined` if these claims have none.
 */
export function pointerMeant(claims: Claims, name: string): string | undefined {
  return /[./]/.test(name) ? pointerTo(claims, name.replace(/^\$?[./]/, '')) : undefined;
}

// Names of members may have dots themselves (a client's id in Keycloak), so each member is tried.
function pointerTo(value: JsonValue | undefined, path: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  for (const [name, member] of Object.entries(value as Claims)) {
    const rest = pointerInside(member, name, path);
    if (rest !== undefined) return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}${rest}`;
  }
  return undefined;
}

function pointerInside(member: JsonValue, name: string, path: string): string | undefined {
  if (path === name) return member === null ? undefined : '';
  const isBelow = path.startsWith(name) && ['.', '/'].includes(path.charAt(name.length));
  return isBelow ? pointerTo(member, path.slice(name.length + 1)) : undefined;
}

const reported = new WeakMap<Settings, Set<string>>();

/**
 * Logs a warning, once for each issuer, setting and claim, if a verified token lacks this claim but has a claim that
 * its name may mean. Without the warning, the claim would grant nothing and no message would say why.
 *
 * @param settings the settings of the issuer
 * @param form the prefix of the name in the setting, such as `keys:`
 */
export function reportUnreached(
  claims: Claims,
  claim: string,
  setting: GrantSetting,
  settings: Settings,
  form = '',
): void {
  const before = reported.get(settings) ?? new Set();
  const key = `${setting} ${form}${claim}`;
  const pointer = before.has(key) ? undefined : pointerMeant(claims, claim);
  if (pointer === undefined) return;
  reported.set(settings, before.add(key));
  const [configured, meant] = [`${form}${claim}`, `${form}${pointer}`];
  settings.logger.warn(message, { issuer: settings.issuerUrl, setting, claim: configured, write: meant });
}

const message =
  'A configured claim is not in the token, but a claim that its name may mean is. A path into the claims is written as a JSON Pointer';

/** Reports an issuer that may write several roles or permissions into one string. */
import type { JsonValue } from '../jws/compact-jws';
import type { Settings } from '../settings/settings';

/** A setting that says which claims have the names. */
export type NameSetting = 'rolesClaims' | 'permissionsClaims';

/** Tells whether a value is a string that may have been meant as several names. */
export function isSpaced(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && value.includes(' ');
}

const reported = new WeakMap<Settings, Set<NameSetting>>();

/**
 * Logs a warning for the first string with a space in it, once for each issuer and setting. Such a string is one name,
 * so a rule about one of its words would never match, although the issuer may mean it to.
 *
 * @param settings the settings of the issuer
 */
export function reportSpaces(value: JsonValue, claim: string, setting: NameSetting, settings: Settings): void {
  if (!isSpaced(value)) return;
  const before = reported.get(settings) ?? new Set();
  if (before.has(setting)) return;
  reported.set(settings, before.add(setting));
  settings.logger.warn(message, { issuer: settings.issuerUrl, setting, claim, toSplit: `split:${claim}` });
}

const message =
  'A claim of roles or permissions is a string with spaces in it, which is read as one name. If this issuer separates names by spaces, write split:NAME in the setting';

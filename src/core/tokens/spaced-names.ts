/** Reports an issuer that writes several roles or permissions into one text. */
import type { JsonValue } from '../jws/compact-jws';
import type { Settings } from '../settings/settings';

/** A setting that says where names are. */
export type NameSetting = 'rolesClaims' | 'permissionsClaims';

/** Is this one text that may have been meant as several names? */
export function isSpaced(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && value.includes(' ');
}

const reported = new WeakMap<Settings, Set<NameSetting>>();

/**
 * Logs a warning for the first text with a space in it, once for each issuer and setting: such a text is one name, so a
 * rule about one of its words reads differently than the issuer may mean it.
 *
 * @param settings those of the issuer
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

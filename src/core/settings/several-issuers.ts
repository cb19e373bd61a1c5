/** Supports several trusted issuers: each entry of the setting `issuers` becomes settings of its own. */
import { ImproperlyConfigured } from '../http/exceptions';
import { issuerSettingNames, type IssuerInput, type Settings, type SettingsInput } from './settings';

/** Settings that say whose tokens are trusted, and so cannot be defaults for several issuers. */
const ofOneIssuer = ['domain', 'issuerUrl', 'jwksUrl', 'audience'] as const;

type Define = (input: SettingsInput) => Settings;

/**
 * Returns the settings of each issuer, or an empty object without the setting `issuers`. The top-level `audience` is
 * then empty, so that settings of no particular issuer accept no token.
 *
 * @throws ImproperlyConfigured naming the entry and the fix.
 */
export function severalIssuers(
  { issuers, ...shared }: SettingsInput,
  define: Define,
): { readonly issuers?: readonly Settings[]; readonly audience?: readonly string[] } {
  if (issuers === undefined) return {};
  refuseOneIssuer(shared);
  const found = issuers.map((entry, index) => ownSettings(entry, `Setting 'issuers[${index}]'`, shared, define));
  refuseRepeated(found);
  refuseTwoToAsk(found);
  return { issuers: Object.freeze(found), audience: Object.freeze([]) };
}

function refuseOneIssuer(shared: SettingsInput): void {
  const name = ofOneIssuer.find(one => shared[one] !== undefined);
  if (name !== undefined)
    throw new ImproperlyConfigured(
      `Setting '${name}' is given together with 'issuers'; expected one of the two: move it into the entry that it is about.`,
    );
}

function ownSettings(entry: IssuerInput, place: string, shared: SettingsInput, define: Define): Settings {
  refuseOtherNames(entry, place);
  if (entry.issuerUrl === undefined && entry.domain === undefined)
    throw new ImproperlyConfigured(`${place} has no 'issuerUrl' and no 'domain': the iss of a token chooses by it.`);
  const given = Object.entries<unknown>(entry).filter(([, value]) => value !== undefined);
  try {
    return define({ ...shared, ...Object.fromEntries(given) });
  } catch (error) {
    if (!(error instanceof ImproperlyConfigured)) throw error;
    throw new ImproperlyConfigured(`${place}: ${error.message}`, { cause: error });
  }
}

function refuseOtherNames(entry: IssuerInput, place: string): void {
  const other = Object.keys(entry).find(name => !(issuerSettingNames as readonly string[]).includes(name));
  if (other !== undefined)
    throw new ImproperlyConfigured(
      `${place} has no setting '${other}'. An issuer's own settings are: ${issuerSettingNames.join(', ')}.`,
    );
}

function refuseRepeated(found: readonly Settings[]): void {
  const urls = found.map(({ issuerUrl }) => issuerUrl);
  const repeated = urls.find((url, index) => urls.indexOf(url) !== index);
  if (repeated !== undefined)
    throw new ImproperlyConfigured(`Setting 'issuers' has two entries for '${repeated}'; expected one an issuer.`);
}

// An opaque token does not name its issuer. Asking every issuer would show the token to issuers that it is not meant
// for.
function refuseTwoToAsk(found: readonly Settings[]): void {
  const asked = found.filter(one => one.introspectionClientId !== undefined);
  if (asked.length > 1)
    throw new ImproperlyConfigured(
      `Setting 'introspectionClientId' stands for ${asked.length} of the 'issuers'; expected one at most, in the entry of the issuer of the opaque tokens.`,
    );
}

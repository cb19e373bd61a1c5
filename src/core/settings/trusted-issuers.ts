/** Whose tokens are trusted, and by which settings a token is judged: its `iss` chooses. */
import type { Claims } from '../jws/compact-jws';
import type { Settings } from './settings';
import { withoutQuery } from '../http/urls';

/** The settings of each trusted issuer. */
export function issuerSettings(settings: Settings): readonly Settings[] {
  return settings.issuers ?? [settings];
}

/** What an issuer is called: the setting `issuerUrl`, or where there is none `jwksUrl` without its query. */
export function nameOf({ issuerUrl, jwksUrl }: Settings): string {
  return issuerUrl ?? withoutQuery(jwksUrl ?? '');
}

/**
 * The settings by which a token with these claims is judged; `undefined`: its issuer is not among the trusted ones. With
 * a single issuer they are always its own, and the rule about `iss` is one of its rules.
 */
export function settingsFor({ iss }: Claims, settings: Settings): Settings | undefined {
  if (settings.issuers === undefined) return settings;
  return typeof iss === 'string' ? byIssuer(settings, settings.issuers).get(iss) : undefined;
}

const indexes = new WeakMap<Settings, ReadonlyMap<string, Settings>>();

// Built once for a server: what a request costs does not depend on how many issuers there are.
function byIssuer(settings: Settings, issuers: readonly Settings[]): ReadonlyMap<string, Settings> {
  const known = indexes.get(settings) ?? new Map(issuers.map(one => [one.issuerUrl ?? '', one]));
  indexes.set(settings, known);
  return known;
}

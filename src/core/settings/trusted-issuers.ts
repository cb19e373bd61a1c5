/** Finds the settings for a token: its `iss` chooses among the trusted issuers. */
import type { Claims } from '../jws/compact-jws';
import type { Settings } from './settings';
import { withoutQuery } from '../http/urls';

/** Returns the settings of each trusted issuer. */
export function issuerSettings(settings: Settings): readonly Settings[] {
  return settings.issuers ?? [settings];
}

/** Returns the name of an issuer: the setting `issuerUrl`, or without one `jwksUrl` without its query. */
export function nameOf({ issuerUrl, jwksUrl }: Settings): string {
  return issuerUrl ?? withoutQuery(jwksUrl ?? '');
}

/**
 * Returns the settings for a token with these claims, or `undefined` if its issuer is not trusted. If only one issuer
 * is trusted, always returns its settings, and a rule checks `iss` later.
 */
export function settingsFor({ iss }: Claims, settings: Settings): Settings | undefined {
  if (settings.issuers === undefined) return settings;
  return typeof iss === 'string' ? byIssuer(settings, settings.issuers).get(iss) : undefined;
}

const indexes = new WeakMap<Settings, ReadonlyMap<string, Settings>>();

// Built once for each server, so that the cost of a request does not depend on the number of issuers.
function byIssuer(settings: Settings, issuers: readonly Settings[]): ReadonlyMap<string, Settings> {
  const known = indexes.get(settings) ?? new Map(issuers.map(one => [one.issuerUrl ?? '', one]));
  indexes.set(settings, known);
  return known;
}

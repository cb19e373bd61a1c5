/** Issuers that name the same `jwksUrl` have one key set: it is fetched once for all of them. */
import type { Settings } from './settings';

const paces = [
  'jwksRefreshInterval',
  'jwksCacheTtl',
  'jwksTimeout',
  'jwksCooldown',
  'jwksRetryMin',
  'jwksRetryMax',
] as const;

/** Where an issuer's keys are; an issuer whose keys are discovered stands for itself. */
export function keyPlace(settings: Settings): string | Settings {
  return settings.jwksUrl === undefined ? settings : new URL(settings.jwksUrl).href;
}

/** The settings of the issuers, by where their keys are. */
export function issuersByKeys(issuers: readonly Settings[]): ReadonlyMap<string | Settings, readonly Settings[]> {
  const found = new Map<string | Settings, Settings[]>();
  for (const one of issuers) {
    const sharing = found.get(keyPlace(one));
    if (sharing === undefined) found.set(keyPlace(one), [one]);
    else sharing.push(one);
  }
  return found;
}

/** The settings by which a shared set is kept: the first issuer's, with the shortest of each of their times. */
export function keySettings(sharing: readonly Settings[]): Settings {
  const shortest = paces.map(name => [name, { value: Math.min(...sharing.map(one => one[name])) }] as const);
  const jwksPrefetch = { value: sharing.some(one => one.jwksPrefetch) };
  return Object.create(sharing[0] ?? null, { ...Object.fromEntries(shortest), jwksPrefetch }) as Settings;
}

/** Groups issuers with the same `jwksUrl`: they share one key set, which is fetched once for all of them. */
import type { Settings } from './settings';

const paces = [
  'jwksRefreshInterval',
  'jwksCacheTtl',
  'jwksTimeout',
  'jwksCooldown',
  'jwksRetryMin',
  'jwksRetryMax',
] as const;

/**
 * Returns the URL of an issuer's keys. If the URL is discovered, it returns the issuer's settings instead, which equal
 * no other issuer's.
 */
export function keyPlace(settings: Settings): string | Settings {
  return settings.jwksUrl === undefined ? settings : new URL(settings.jwksUrl).href;
}

/** Groups the settings of the issuers by the place of their keys. */
export function issuersByKeys(issuers: readonly Settings[]): ReadonlyMap<string | Settings, readonly Settings[]> {
  const found = new Map<string | Settings, Settings[]>();
  for (const one of issuers) {
    const sharing = found.get(keyPlace(one));
    if (sharing === undefined) found.set(keyPlace(one), [one]);
    else sharing.push(one);
  }
  return found;
}

/**
 * Returns the settings of a shared key set: the first issuer's, with the shortest of each time. The keys are prefetched
 * if any of the issuers wants it.
 */
export function keySettings(sharing: readonly Settings[]): Settings {
  const shortest = paces.map(name => [name, { value: Math.min(...sharing.map(one => one[name])) }] as const);
  const jwksPrefetch = { value: sharing.some(one => one.jwksPrefetch) };
  return Object.create(sharing[0] ?? null, { ...Object.fromEntries(shortest), jwksPrefetch }) as Settings;
}

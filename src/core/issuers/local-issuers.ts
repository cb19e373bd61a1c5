/** Registers issuers that run in this process. Their keys are handed over directly, and not fetched. */
import type { KeySet } from './key-set';

/** RFC 7517 §5. */
interface JwkSet {
  readonly keys: readonly unknown[];
}

/** Returns the issuer's JWK Set in the form in which it would be served. */
export type KeySource = () => Promise<JwkSet>;

const sources = new Map<string, KeySource[]>();

/**
 * Registers the keys of an issuer: servers in this process that trust it, and have no `jwksUrl`, take its keys from
 * here. If several sources are registered for one issuer, it has the keys of all of them.
 *
 * @returns a function that removes the source
 */
export function offerKeys(issuer: string, source: KeySource): () => void {
  sources.set(issuer, [...(sources.get(issuer) ?? []), source]);
  return () => {
    const rest = (sources.get(issuer) ?? []).filter(one => one !== source);
    if (rest.length > 0) sources.set(issuer, rest);
    else sources.delete(issuer);
  };
}

/** Returns the JWK Set of an issuer in this process, or `undefined` if it does not run here. */
export function localKeys(issuer: string): Promise<JwkSet> | undefined {
  const found = sources.get(issuer);
  return found === undefined ? undefined : together(found);
}

/**
 * The header fields that would come with the keys over HTTP. The keys are read again each minute, because another
 * process, such as `axioms keys rotate`, may have withdrawn one.
 */
export const localHeaders = new Headers({ 'Cache-Control': 'max-age=60' });

const withdrawn = new Set<string>();
let withdrawals = 0;

/**
 * Withdraws keys that have leaked. From now on nothing in this process verifies a token with them, wherever the keys come
 * from, and under whichever name a server knows their issuer.
 *
 * @param kids the keys' thumbprints (RFC 7638), which no other key has
 */
export function withdrawKeys(kids: readonly string[]): void {
  for (const kid of kids) withdrawn.add(kid);
  withdrawals++;
}

/** Returns how often keys were withdrawn in this process. Every request reads it, so that no withdrawal is missed. */
export function withdrawalCount(): number {
  return withdrawals;
}

/**
 * Returns the keys that were not withdrawn. A later answer may have the withdrawn ones again, from a cache or from
 * another process.
 */
export function withoutWithdrawn(keys: KeySet): KeySet {
  return keys.without(isWithdrawn);
}

export function isWithdrawn(kid: string): boolean {
  return withdrawn.has(kid);
}

async function together(found: readonly KeySource[]): Promise<JwkSet> {
  const sets = await Promise.all(found.map(source => source()));
  return { keys: sets.flatMap(({ keys }) => keys) };
}

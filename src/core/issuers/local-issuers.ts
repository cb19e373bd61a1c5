/** Issuers that live in this very process: their keys are handed over, and not fetched. */
import type { KeySet } from './key-set';

/** RFC 7517 §5. */
interface JwkSet {
  readonly keys: readonly unknown[];
}

/** Gives the issuer's JWK Set, as it would be served. */
export type KeySource = () => Promise<JwkSet>;

const sources = new Map<string, KeySource[]>();

/**
 * From now on whoever trusts this issuer in this process, and names no `jwksUrl`, takes its keys from here. Where several
 * are the same issuer, its keys are those of all.
 *
 * @returns a function that ends it.
 */
export function offerKeys(issuer: string, source: KeySource): () => void {
  sources.set(issuer, [...(sources.get(issuer) ?? []), source]);
  return () => {
    const rest = (sources.get(issuer) ?? []).filter(one => one !== source);
    if (rest.length > 0) sources.set(issuer, rest);
    else sources.delete(issuer);
  };
}

/** The JWK Set of an issuer that lives in this process; `undefined`: it does not. */
export function localKeys(issuer: string): Promise<JwkSet> | undefined {
  const found = sources.get(issuer);
  return found === undefined ? undefined : together(found);
}

/**
 * What would come with the keys over HTTP: they are asked for again each minute, because another process, such as
 * `axioms keys rotate`, may have withdrawn one.
 */
export const localHeaders = new Headers({ 'Cache-Control': 'max-age=60' });

const withdrawn = new Map<string, Set<string>>();
let withdrawals = 0;

/**
 * Declares keys of this issuer worthless before their time, because they have leaked: nothing in this process verifies
 * a token with them from now on, wherever it got them from.
 */
export function withdrawKeys(issuer: string, kids: readonly string[]): void {
  withdrawn.set(issuer, new Set([...(withdrawn.get(issuer) ?? []), ...kids]));
  withdrawals++;
}

/** How often keys were withdrawn in this process: asked for each request, so that no withdrawal is missed. */
export function withdrawalCount(): number {
  return withdrawals;
}

/** The keys of this issuer that are still good. A new answer may have others: from a cache, or from another process. */
export function withoutWithdrawn(keys: KeySet, issuer: string): KeySet {
  return keys.without(kid => isWithdrawn(issuer, kid));
}

export function isWithdrawn(issuer: string, kid: string): boolean {
  return withdrawn.get(issuer)?.has(kid) === true;
}

async function together(found: readonly KeySource[]): Promise<JwkSet> {
  const sets = await Promise.all(found.map(source => source()));
  return { keys: sets.flatMap(({ keys }) => keys) };
}

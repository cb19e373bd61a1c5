/** Issuers that live in this very process: their keys are handed over, and not fetched. */

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

async function together(found: readonly KeySource[]): Promise<JwkSet> {
  const sets = await Promise.all(found.map(source => source()));
  return { keys: sets.flatMap(({ keys }) => keys) };
}

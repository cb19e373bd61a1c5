/**
 * Finds the URL of an issuer's keys: fetches the issuer's metadata (OIDC discovery, RFC 8414), checks it and remembers
 * it.
 */
import { FetchFailure, isJsonObject, type JsonObject } from '../http/bounded-fetch';
import type { Logger } from '../settings/logger';
import { isFetchable, isPlainUrl, joinUrl } from '../http/urls';

/** Fetches a JSON document. Rejects with a {@link FetchFailure}. */
export type Ask = (url: string) => Promise<unknown>;

export interface Place {
  /** The issuer; its metadata must name it in exactly this spelling. */
  readonly issuer: string;
  /** The setting `jwksUrl`. If it is given, nothing is discovered. */
  readonly jwksUrl: string | undefined;
  readonly allowInsecureUrls: readonly string[];
  readonly logger: Logger;
}

const longestTrust = 24 * 60 * 60 * 1000;

/**
 * Remembers the key URL of one issuer. Discovers it once, again after it was doubted, and again after 24 hours. Its
 * times come from a clock that only runs forward.
 */
export class Discovery {
  readonly #place: Place;
  #known: string | undefined;
  #askedAt = -Infinity;
  #doubtedAt = -Infinity;

  constructor(place: Place) {
    this.#place = place;
    this.#known = place.jwksUrl;
  }

  /** The last known key URL; `undefined` before the first discovery. */
  get jwksUrl(): string | undefined {
    return this.#known;
  }

  /** Makes the next `locate` repeat the discovery, because the keys could not be fetched. */
  doubt(): void {
    this.#askedAt = -Infinity;
  }

  /**
   * Returns whether the keys may have moved, because a token needs a key that the set does not have. If so, the next
   * `locate` repeats the discovery.
   *
   * @param now in milliseconds
   * @param pause the shortest time between two such discoveries, in milliseconds
   */
  mayHaveMoved(now: number, pause: number): boolean {
    const isOurs = this.#place.jwksUrl === undefined && this.#known !== undefined;
    if (!isOurs || now - this.#doubtedAt < pause) return false;
    this.#doubtedAt = now;
    this.doubt();
    return true;
  }

  /**
   * Returns the key URL. Repeats the discovery if it is due; if that fails, the last known URL stays.
   *
   * @param now in milliseconds
   * @throws FetchFailure if the first discovery fails or is refused.
   */
  async locate(ask: Ask, now: number): Promise<string> {
    if (this.#known === undefined || this.#isDue(now)) this.#known = await this.#discover(ask, now);
    return this.#known;
  }

  #isDue(now: number): boolean {
    return this.#place.jwksUrl === undefined && now - this.#askedAt >= longestTrust;
  }

  async #discover(ask: Ask, now: number): Promise<string> {
    const { issuer, allowInsecureUrls } = this.#place;
    try {
      const found = await discoverJwksUrl(issuer, ask, allowInsecureUrls);
      return found ?? this.#known ?? joinUrl(issuer, '/.well-known/jwks.json');
    } catch (failure) {
      if (this.#known === undefined) throw failure;
      this.#report(failure);
      return this.#known;
    } finally {
      this.#askedAt = now;
    }
  }

  #report(failure: unknown): void {
    const { issuer, logger } = this.#place;
    const kind = failure instanceof FetchFailure ? failure.kind : undefined;
    if (kind === 'closed') return;
    const reason = failure instanceof Error ? failure.message : undefined;
    logger.warn("The issuer's metadata cannot be used; its last known key URL is", { issuer, kind, reason });
  }
}

/**
 * Returns the `jwks_uri` of the issuer's metadata, or `undefined` if the issuer has no metadata: both places answer
 * 404. Every other failure is an outage, because an outage must not move the keys.
 *
 * @throws FetchFailure also for metadata of another issuer and for a `jwks_uri` that must not be fetched.
 * @example
 * const jwksUrl = await discoverJwksUrl('https://auth.example.com', ask, []);
 */
export async function discoverJwksUrl(
  issuer: string,
  ask: Ask,
  allowInsecureUrls: readonly string[],
): Promise<string | undefined> {
  return discoverUrl('jwks_uri', issuer, ask, allowInsecureUrls);
}

/**
 * Returns a URL of the issuer's metadata, such as `introspection_endpoint` (RFC 8414 §2), by the rules of {@link
 * discoverJwksUrl}.
 */
export async function discoverUrl(
  member: string,
  issuer: string,
  ask: Ask,
  allowInsecureUrls: readonly string[],
): Promise<string | undefined> {
  const found = await discoverMetadata(issuer, ask);
  return found === undefined ? undefined : urlIn(found, member, issuer, allowInsecureUrls);
}

/** An issuer's metadata, and the URL that it came from. */
export interface IssuerMetadata {
  readonly url: string;
  readonly metadata: JsonObject;
}

/**
 * Fetches the issuer's metadata (OpenID Connect Discovery 1.0 §4, RFC 8414 §3). Returns `undefined` if both places
 * answer 404.
 *
 * @throws FetchFailure also for metadata of another issuer.
 */
export async function discoverMetadata(issuer: string, ask: Ask): Promise<IssuerMetadata | undefined> {
  for (const url of metadataUrls(issuer)) {
    const metadata = await askUnlessMissing(ask, url);
    if (metadata !== undefined) return { url, metadata: checkedMetadata(metadata, url, issuer) };
  }
  return undefined;
}

// OpenID Connect Discovery 1.0 §4 appends the path to the issuer. RFC 8414 §3.1 inserts it between host and path.
function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  return [
    joinUrl(issuer, '/.well-known/openid-configuration'),
    `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/+$/, '')}`,
  ];
}

async function askUnlessMissing(ask: Ask, url: string): Promise<unknown> {
  try {
    return await ask(url);
  } catch (failure) {
    if (failure instanceof FetchFailure && failure.status === 404) return undefined;
    throw failure;
  }
}

function checkedMetadata(metadata: unknown, url: string, issuer: string): JsonObject {
  if (!isJsonObject(metadata)) throw new FetchFailure('parse', url, 'the metadata is not a JSON object');
  refuseOtherIssuer(metadata['issuer'], url, issuer);
  return metadata;
}

function urlIn(
  { url, metadata }: IssuerMetadata,
  member: string,
  issuer: string,
  allowInsecureUrls: readonly string[],
): string {
  const found = metadata[member];
  if (typeof found !== 'string') throw new FetchFailure('content', url, `the metadata has no ${member}`);
  if (!mayFollow(found, issuer, allowInsecureUrls))
    throw new FetchFailure('content', url, `${member} ${quoted(found)} is not an https: URL that may be fetched`);
  return found;
}

// RFC 8414 §3.3, OpenID Connect Discovery 1.0 §4.3: if the issuers are not identical, the metadata must not be used.
function refuseOtherIssuer(named: unknown, url: string, issuer: string): void {
  if (named === issuer) return;
  const seen = typeof named === 'string' ? quoted(named) : 'none';
  throw new FetchFailure('content', url, `the metadata names the issuer ${seen}, and '${issuer}' is expected`);
}

/** Tells whether a URL of an issuer's metadata may be used. */
// The metadata of an https: issuer must not lead to http:, not even on this machine.
export function mayFollow(url: string, issuer: string, allowInsecureUrls: readonly string[]): boolean {
  if (!isPlainUrl(url) || !isFetchable(url, allowInsecureUrls)) return false;
  const isDowngrade = issuer.startsWith('https:') && !url.startsWith('https:');
  return !isDowngrade || allowInsecureUrls.includes(url);
}

function quoted(text: string): string {
  return `'${text.slice(0, 200)}'`;
}

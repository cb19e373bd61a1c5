/** Decides which URLs the library may fetch keys and metadata from, and joins them. */

/**
 * Tells whether a URL's host is this machine: names and addresses that never leave it (RFC 8252 §7.3, RFC 6761 §6.3).
 */
export function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' ||
    url.hostname.endsWith('.localhost') ||
    url.hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(url.hostname)
  );
}

/**
 * Tells whether a URL may be fetched: `https`, `http` to this machine, or any URL that `allowInsecureUrls` has in this
 * spelling.
 */
export function isFetchable(url: string, allowInsecureUrls: readonly string[]): boolean {
  const parsed = parse(url);
  if (parsed === null) return false;
  return (
    parsed.protocol === 'https:' ||
    (parsed.protocol === 'http:' && (isLoopback(parsed) || allowInsecureUrls.includes(url)))
  );
}

/**
 * Tells whether the text is an absolute http(s) URL without user name, password or fragment. Text that `URL` would have
 * to repair is refused.
 */
export function isPlainUrl(url: string): boolean {
  return /^https?:\/\/[^\s\\/?#@]+(?:[/?][^\s\\#]*)?$/.test(url) && parse(url) !== null;
}

/** Tells whether the library may fetch an issuer's metadata. An issuer that is only compared may be any text. */
export function isAskable(issuer: string, allowInsecureUrls: readonly string[]): boolean {
  return isPlainUrl(issuer) && !issuer.includes('?') && isFetchable(issuer, allowInsecureUrls);
}

/** Tells whether the text is a host, with or without a scheme before it and a path after it. */
export function isDomain(domain: string): boolean {
  const rest = domain.replace(/^https?:\/\//, '');
  return isPlainUrl(`https://${rest}`) && !rest.includes('?') && !rest.includes('://');
}

/** Removes the query, which may have an API key, for the log. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '');
}

/** Joins a URL and a path, with exactly one slash between them. */
export function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}${path}`;
}

// URL.parse is not in Node 20.
function parse(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}

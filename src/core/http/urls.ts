/** Which URLs the library is willing to fetch keys and metadata from, and how they are joined. */

/** RFC 8252 §7.3, RFC 6761 §6.3: names and addresses that never leave the machine. */
export function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' ||
    url.hostname.endsWith('.localhost') ||
    url.hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(url.hostname)
  );
}

/** `https`, or `http` to the machine itself, or spelled out in `allowInsecureUrls`. */
export function isFetchable(url: string, allowInsecureUrls: readonly string[]): boolean {
  const parsed = parse(url);
  if (parsed === null) return false;
  return (
    parsed.protocol === 'https:' ||
    (parsed.protocol === 'http:' && (isLoopback(parsed) || allowInsecureUrls.includes(url)))
  );
}

/** An absolute http(s) URL without user name, password or fragment, spelled out: what `URL` would mend is not one. */
export function isPlainUrl(url: string): boolean {
  return /^https?:\/\/[^\s\\/?#@]+(?:[/?][^\s\\#]*)?$/.test(url) && parse(url) !== null;
}

/** May an issuer be asked for its metadata? One that is only compared may be any text. */
export function isAskable(issuer: string, allowInsecureUrls: readonly string[]): boolean {
  return isPlainUrl(issuer) && !issuer.includes('?') && isFetchable(issuer, allowInsecureUrls);
}

/** A host, with or without a scheme before it; a path may follow. */
export function isDomain(domain: string): boolean {
  const rest = domain.replace(/^https?:\/\//, '');
  return isPlainUrl(`https://${rest}`) && !rest.includes('?') && !rest.includes('://');
}

/** For the log: a query may hold a key of the API's own. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '');
}

/** `{base}{path}` with exactly one slash between them. */
export function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}${path}`;
}

// URL.parse is not in Node 20.
function parse(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}

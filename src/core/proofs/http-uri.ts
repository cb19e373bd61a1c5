/** Compares the target of a request with the `htu` of a proof (RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3). */

const absolute = /^https?:\/\/([^\s\\/?#@]+)(\/[!-~]*)?$/i;

/**
 * Most characters of a host and its port, before and after encoding: a name has 253 (RFC 1035 §2.3.4). The time to encode
 * letters beyond ASCII grows with the square of their number, and anyone may send a proof.
 */
const longestHost = 260;

/**
 * Returns the normal form of an http(s) URI without its query and fragment: scheme and host in lower case, without the
 * default port and dot segments, and percent-encoded only where necessary. Equivalent URIs have the same normal form.
 *
 * @returns `undefined` for any other text: a relative reference, a URI with user information, backslashes or spaces, a
 * host that is longer than any name, or a path with characters beyond ASCII
 */
export function normalUri(uri: string): string | undefined {
  const [, authority = '', rest = ''] = absolute.exec(withoutQuery(uri)) ?? [];
  if (authority === '' || authority.length > longestHost || rest.includes('\\')) return undefined;
  const root = `${uri.slice(0, uri.indexOf(':'))}://${authority}`;
  if (!URL.canParse(root)) return undefined;
  const { host, origin } = new URL(root);
  return host.length > longestHost ? undefined : origin + normalPath(rest);
}

// RFC 9449 §4.3: `htu` is compared "ignoring any query and fragment parts".
function withoutQuery(uri: string): string {
  return uri.replace(/[?#].*$/s, '');
}

/** Decodes unreserved characters first, because `%2e%2e` is a dot segment, too. */
function normalPath(path: string): string {
  const decoded = path.replace(/%[\da-f]{2}/gi, encoded => {
    const character = String.fromCharCode(parseInt(encoded.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
  });
  return withoutDotSegments(decoded);
}

// RFC 3986 §5.2.4.
function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  const last = segments.at(-1);
  return `/${kept.join('/')}${(last === '.' || last === '..') && kept.length > 0 ? '/' : ''}`;
}

/**
 * Returns the URIs by which clients know the target of a request: the path of the target, behind the URL of the app. Nothing
 * of the target but its path counts: one in absolute form may name any host (RFC 9112 §3.2.2).
 *
 * @param externalUrl what clients see in place of the app's `/`
 * @param target the target as it was sent (`request.originalUrl`)
 * @returns one URI; for the app's `/` two, with the final slash and without. None if the target has no path, as in
 * `OPTIONS *`, if its host is one that parsers read in different ways, or if it has dot segments: Express does not resolve
 * them, so that `/files/../books` is a path below `/files`
 */
export function targetUris(externalUrl: string, target: string): readonly string[] {
  const path = withoutQuery(target).replace(absoluteForm, '');
  if ((path !== '' && !path.startsWith('/')) || dotSegment.test(path)) return [];
  const root = externalUrl.replace(/\/$/, '');
  // A proxy that takes a prefix away sends `/` for the prefix alone, too.
  return path === '' || path === '/' ? [`${root}/`, root] : [root + path];
}

const absoluteForm = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d*)?/i;
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** Tells whether the `htu` of a proof means the target. */
export function isSameUri(htu: string, target: string): boolean {
  // Most clients write the target exactly as they send it.
  if (htu === target) return true;
  const normal = normalUri(target);
  return normal !== undefined && normalUri(htu) === normal;
}

/** The URL that a proof must name, as the doctor's options and the setting `externalUrl` say. */
import { isSameUri, normalUri, targetUris } from '../core/proofs/http-uri';

/**
 * Returns the URL that the client calls.
 *
 * @param url the URL, or a path behind `externalUrl`
 * @returns `undefined` if it is not given, or a path of which the rest is unknown
 */
export function targetOf(url: string | undefined, externalUrl: string | undefined): string | undefined {
  if (url?.startsWith('/') !== true) return url;
  return externalUrl === undefined ? undefined : targetUris(externalUrl, url)[0];
}

/** Tells whether a URL or path has dot segments, with which the server refuses every proof. */
export function isUnresolved(url: string): boolean {
  return /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(url.replace(/[?#].*$/s, ''));
}

/** Tells whether a URL is one of the app's. */
export function isBehind(url: string, externalUrl: string | undefined): boolean {
  return pathBehind(url, externalUrl) !== undefined;
}

/** Returns the path that the app sees of a URL; `undefined` if the URL is not one of the app's. */
export function pathBehind(url: string, externalUrl: string | undefined): string | undefined {
  const [normal, root] = [normalUri(url), normalUri(externalUrl ?? '')?.replace(/\/$/, '')];
  if (normal === undefined || root === undefined) return undefined;
  // A proxy that takes a prefix away sends `/` for the prefix alone, too.
  if (normal === root) return '/';
  return normal.startsWith(`${root}/`) ? normal.slice(root.length) : undefined;
}

/** Tells whether `htu` means the URL that the client calls. */
export function isFor(target: string, htu: string, externalUrl: string | undefined): boolean {
  return isSameUri(htu, target) || [htu, target].every(url => pathBehind(url, externalUrl) === '/');
}

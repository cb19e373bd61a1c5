/** The only writer of a `WWW-Authenticate` value (RFC 9110 §11.6.1, RFC 6750 §3). */
import type { ChallengeParameters } from './exceptions';

/**
 * A scheme and its realm, as a class without an error to report sends it.
 *
 * @example
 * challenge('Bearer', 'api'); // Bearer realm="api"
 */
export function challenge(scheme: string, realm: string): string {
  return `${scheme} realm="${quotable(realm)}"`;
}

/** The challenge with the reason of a refusal added to it, in RFC 6750's order: error, error_description, scope. */
export function withError(challenge: string, parameters: ChallengeParameters): string {
  const { error, error_description, scope } = parameters;
  const added = [
    `error="${quotable(error)}"`,
    `error_description="${quotable(error_description)}"`,
    ...(scope === undefined ? [] : [`scope="${quotable(scope)}"`]),
  ].join(', ');
  return challenge.includes(' ') ? `${challenge}, ${added}` : `${challenge} ${added}`;
}

/** Returns the challenge with the scopes that the resource needs (RFC 6750 §3); one that names scopes already keeps its own. */
export function withScope(challenge: string, scopes: readonly string[]): string {
  if (scopes.length === 0 || !carriesErrors(challenge) || /[ ,]scope=/i.test(challenge)) return challenge;
  return `${challenge}${challenge.includes(' ') ? ',' : ''} scope="${quotable(scopes.join(' '))}"`;
}

/**
 * The challenge with the address of the resource's metadata as its last parameter (RFC 9728 §5.1); a challenge that has
 * one already keeps its own.
 */
export function withResourceMetadata(challenge: string, metadataUrl: string): string {
  if (/[ ,]resource_metadata=/i.test(challenge)) return challenge;
  return `${challenge}${challenge.includes(' ') ? ',' : ''} resource_metadata="${quotable(metadataUrl)}"`;
}

/** May this challenge carry RFC 6750's error parameters? They are Bearer's, and DPoP's (RFC 9449 §7.1). */
export function carriesErrors(challenge: string): boolean {
  return /^(?:Bearer|DPoP)(?: |$)/i.test(challenge);
}

// RFC 6750 §3: "Values for the "error" and "error_description" attributes MUST NOT include characters outside the
// set %x20-21 / %x23-5B / %x5D-7E."
function quotable(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, ' ');
}

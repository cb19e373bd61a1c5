/** Finds the subject of a token, and the claim that holds it. */
import { claimValue } from './claims';
import type { Claims } from '../jws/compact-jws';

/**
 * The subject of a token. The claim is part of the identity: a client's `client_id` may be spelled like a user's `sub`
 * (RFC 9068 §5, RFC 9700 §4.15), so the two are never compared without it.
 */
export interface TokenSubject {
  readonly claim: string;
  readonly value: string;
  /** Whether the subject comes from the first of the configured claims; only such a subject may own objects. */
  readonly isFirst: boolean;
}

/** Returns the subject of these claims: the value of the first listed claim that holds a non-empty string. */
export function subjectOf(claims: Claims, names: readonly string[]): TokenSubject | undefined {
  for (const claim of names) {
    const value = claimValue(claims, claim);
    if (typeof value === 'string' && value !== '') return { claim, value, isFirst: claim === names[0] };
  }
  return undefined;
}

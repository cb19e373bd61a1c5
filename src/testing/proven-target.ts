/** What a proof is for, and the key that it contains. */
import type { JsonValue } from '../core/jws/compact-jws';
import { requiredMembers } from '../core/proofs/thumbprint';
import type { SigningKey } from './signing-key';

/** What a proof is for. */
export interface ProvenTarget {
  readonly method: string;
  /** The whole URL, as the outside knows it. */
  readonly url: string;
  /** The access token that is sent with the proof; none at an authorization server. */
  readonly token?: string | undefined;
  /** The last value of `DPoP-Nonce`. */
  readonly nonce?: string | undefined;
}

/** Returns the public key, as a proof contains it. */
export function publicMembers({ jwk }: SigningKey): Readonly<Record<string, JsonValue>> {
  return requiredMembers(jwk as Readonly<Record<string, JsonValue>>);
}

/** The errors of what a caller must show besides its token: a proof of its key (RFC 9449), or a newer sign-in (RFC 9470). */
import type { ChallengeParameters } from './challenge';
import { AuthenticationFailed, stackTraceLimit, type APIExceptionOptions } from './exceptions';

/** Why a DPoP proof is not accepted: a closed set, for events and metrics. `proof_invalid` means any other reason. */
export type ProofReason = 'proof_nonce' | 'proof_used' | 'proof_invalid';

/** Options of {@link InvalidProof}. */
export interface InvalidProofOptions extends APIExceptionOptions {
  /** Default: `proof_invalid`. */
  reason?: ProofReason | undefined;
}

/**
 * The proof that the caller has the key of the token is missing, wrong, or was used before: 401 `invalid_dpop_proof`
 * (RFC 9449 §7.1), or `use_dpop_nonce` if it needs the nonce of the header field `DPoP-Nonce` (§9). It has no stack, because
 * anyone can cause as many as they like.
 */
export class InvalidProof extends AuthenticationFailed {
  static override readonly code = 'invalid_dpop_proof';
  static override readonly description = 'The DPoP proof is not valid';

  /** The message as data; never sent. */
  readonly reason: ProofReason;

  constructor(message?: string, options: InvalidProofOptions = {}) {
    const limit = stackTraceLimit(0);
    try {
      super(message, options);
    } finally {
      stackTraceLimit(limit);
    }
    this.reason = options.reason ?? 'proof_invalid';
  }

  override get challenge(): ChallengeParameters {
    return { error: this.code, error_description: this.message };
  }
}

/**
 * The token comes from a sign-in that is too weak or too old: 401 `insufficient_user_authentication` (RFC 9470 §3). The
 * client sends the user to the authorization server, with `acr_values` and `max_age`.
 */
export class InsufficientUserAuthentication extends AuthenticationFailed {
  static override readonly code = 'insufficient_user_authentication';
  static override readonly description = 'The user must sign in again, or in a stronger way';

  constructor(
    /** The accepted authentication context classes, if it matters, and most seconds since the sign-in. */
    readonly needed: { readonly acrValues?: readonly string[]; readonly maxAge?: number | undefined } = {},
    message?: string,
    options: APIExceptionOptions = {},
  ) {
    super(message, options);
  }

  override get challenge(): ChallengeParameters {
    const { acrValues = [], maxAge } = this.needed;
    return {
      error: this.code,
      error_description: this.message,
      ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(' ') }),
      // RFC 9470 §4: a non-negative integer. An app may give any number.
      ...(Number.isSafeInteger(maxAge) && (maxAge as number) >= 0 ? { max_age: String(maxAge) } : {}),
    };
  }
}

/** Why a user with a provider's tokens is refused. */
import { AuthenticationFailed, InvalidToken, type TokenReason } from '../../core/http/exceptions';

/** The reason of a refusal, for the log and for events: a closed set. */
export type IdentityReason =
  | TokenReason
  /** The tokens are of different users or clients, or of the wrong kind. */
  | 'token_party'
  | 'token_nonce'
  | 'token_hash'
  | 'token_kind'
  /** The login did not begin in this browser, has expired, or was refused by the provider. */
  | 'login_unknown'
  | 'login_refused'
  /** The tokens are good, but the account cannot be used. */
  | 'email_not_verified'
  | 'account_exists'
  | 'account_conflict'
  | 'account_inactive';

/** Refuses a provider's tokens, or the account that they belong to: 401. */
export class IdentityRefused extends AuthenticationFailed {
  constructor(
    message: string,
    /** The message as data; never sent. */
    readonly reason: IdentityReason,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/**
 * Turns a refusal of the core, whose message says "access token", into one about this token. Returns other errors
 * unchanged.
 */
export function asRefusal(error: unknown, token: 'ID token' | 'access token'): unknown {
  if (!(error instanceof InvalidToken)) return error;
  return new IdentityRefused(error.message.replace('access token', token), error.reason);
}

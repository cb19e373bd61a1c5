/** Why somebody with a provider's tokens is not let in. */
import { AuthenticationFailed, InvalidToken, type TokenReason } from '../../core/exceptions';

/** A closed set, for the log and for events. */
export type IdentityReason =
  | TokenReason
  /** The tokens are not of the same person, client or kind. */
  | 'token_party'
  | 'token_nonce'
  | 'token_hash'
  | 'token_kind'
  /** The login did not begin in this browser, is over, or the provider refused it. */
  | 'login_unknown'
  | 'login_refused'
  /** The tokens are good, and the account is not to be had. */
  | 'email_not_verified'
  | 'account_exists'
  | 'account_conflict'
  | 'account_inactive';

/** The provider's tokens, or the account they lead to, are refused: 401. */
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

/** The core speaks of access tokens; this is about another one. Everything else passes through. */
export function asRefusal(error: unknown, token: 'ID token' | 'access token'): unknown {
  if (!(error instanceof InvalidToken)) return error;
  return new IdentityRefused(error.message.replace('access token', token), error.reason);
}

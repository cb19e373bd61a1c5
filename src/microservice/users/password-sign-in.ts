/** Signing in with a name and a password. */
import type { User } from './user';

/** A request to sign in. */
export interface SignInRequest {
  /** As sent: `username` and `password` are looked for in it. */
  readonly body: unknown;
  /** Where the request comes from, as far as that is trusted (`request.ip`). */
  readonly address: string;
}

/** Signs users in by name and password. */
export interface SignsIn {
  /**
   * @throws InvalidFields for a body without the two.
   * @throws AuthenticationFailed for everybody who may not, with one answer for all reasons.
   * @throws Throttled after too many tries; `ServiceUnavailable` where too many wait.
   */
  signIn(request: SignInRequest): Promise<User>;
}

/** How users can sign in: the contracts between the controllers and the classes for passwords and identity providers. */
import type { CheckedUser, SignInRequest } from './users/password-sign-in';
import type { User } from './users/user';

/** Sign-in by password; `users/password-sign-in.ts` implements it. */
export interface PasswordWay {
  signIn(request: SignInRequest): Promise<CheckedUser>;
}

/** Sign-in by the tokens of an identity provider; `identity-providers/` implements it. */
export interface SocialWay {
  /**
   * Returns the user that a provider's tokens name. Creates the user if there is none.
   *
   * @param body the body of the request: `{ id_token, access_token?, nonce? }`; other members are ignored
   * @throws InvalidFields if `id_token` is missing or a member is not a string
   * @throws AuthenticationFailed if a token is not acceptable, or the user may not sign in
   * @throws ServiceUnavailable if the provider's keys are unavailable
   */
  exchange(body: unknown): Promise<User>;
}

/** The body of a successful sign-in, social-exchange or refresh. */
export interface SignedIn {
  readonly access_token: string;
  /** When the access token expires, in whole seconds since 1970. */
  readonly expires: number;
  /** The CSRF token, which refresh and logoff require in their body. */
  readonly CSRF_token: string;
  /** The result of the option `userSerializer`. */
  readonly user?: unknown;
}

/** The ways in: what the controllers ask of whoever knows passwords and identity providers. */
import type { SignInRequest } from './users/password-sign-in';
import type { User } from './users/user';

/** `users/password-sign-in.ts` has it. */
export interface PasswordWay {
  signIn(request: SignInRequest): Promise<User>;
}

/** `identity-providers/` has it. */
export interface SocialWay {
  /**
   * The user whom a provider's tokens name; made where there is none.
   *
   * @param body of the request, as it was sent: `{ id_token, access_token?, nonce? }`; further members are ignored.
   * @throws InvalidFields where it has no `id_token`, or a member that is no text.
   * @throws AuthenticationFailed where a token is not acceptable, or the user may not come in.
   * @throws ServiceUnavailable where the provider's keys cannot be had.
   */
  exchange(body: unknown): Promise<User>;
}

/** Body of a 200 of sign-in, social-exchange and refresh. */
export interface SignedIn {
  readonly access_token: string;
  /** When the access token expires: whole seconds since 1970. */
  readonly expires: number;
  /** What refresh and logoff want in their body. */
  readonly CSRF_token: string;
  /** What the option `userSerializer` makes of the user. */
  readonly user?: unknown;
}

/** The ways in: what the controllers ask of whoever knows passwords, identity providers and users. */
import type { User } from './users/user';

/** Body of `POST {prefix}/sign-in/`, checked: both are strings, neither is empty. */
export interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
  /** Of the caller, as Express's `trust proxy` has it (`request.ip`). */
  readonly address: string;
}

/** `users/`: PasswordSignIn implements it. */
export interface PasswordWay {
  /**
   * @throws AuthenticationFailed the same for an unknown user, a wrong password and an inactive user.
   * @throws Throttled after too many attempts.
   * @throws ServiceUnavailable where the users cannot be asked.
   */
  signIn(credentials: PasswordCredentials): Promise<User>;
}

/** Body of `POST {prefix}/social-exchange/`, checked: `id_token` is a string that is not empty, the others are or are absent. */
export interface SocialTokens {
  readonly id_token: string;
  readonly access_token?: string | undefined;
  /** Where the body has one, for a flow that our own login began. */
  readonly nonce?: string | undefined;
  readonly address: string;
}

/** `identity-providers/`: SocialExchange implements it. */
export interface SocialWay {
  /**
   * @throws AuthenticationFailed where a token is not acceptable, or the user may not come in.
   * @throws ServiceUnavailable where the provider's keys cannot be had.
   */
  exchange(tokens: SocialTokens): Promise<User>;
}

/** What a refresh asks: is this still somebody, and active? */
export interface KnownUsers {
  /** `undefined`: there is no such user any more. */
  findById(id: string): Promise<User | undefined>;
}

/**
 * What a controller of `identity-providers/` (`/login/:provider`, `/callback/:provider`) needs of the sessions: begins one
 * for a user who has come in, and sets its cookies on the answer.
 */
export interface SessionStart<Request, Response> {
  begin(user: User, request: Request, response: Response): Promise<SignedIn>;
}

/** Body of a 200 of sign-in and social-exchange. */
export interface SignedIn {
  readonly access_token: string;
  /** When the access token expires: whole seconds since 1970. */
  readonly expires: number;
  readonly CSRF_token: string;
  /** What the option `userSerializer` makes of the user. */
  readonly user?: unknown;
}

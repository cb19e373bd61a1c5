/** What a server has for all of its requests. */
import type { AccessTokenVerifier } from '../core/access-token';
import type { APIException, ImproperlyConfigured } from '../core/exceptions';
import type { TokenIntrospector } from '../core/introspection';
import type { Settings } from '../core/settings';

export interface Services {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** The answer to what a policy threw, whatever it is. */
  toAnswer(error: unknown): APIException | ImproperlyConfigured;
  /** Makes an authentication, permission or throttle class, dependencies included. */
  make<T extends object>(policyClass: new (...dependencies: never[]) => T): T;
}

/** What a server has for all of its requests. */
import type { AccessTokenVerifier } from '../../core/tokens/access-token';
import type { APIException, ImproperlyConfigured } from '../../core/http/exceptions';
import type { TokenIntrospector } from '../../core/tokens/introspection';
import type { Settings } from '../../core/settings/settings';

export interface Services {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** Returns the answer to any value that a policy threw. */
  toAnswer(error: unknown): APIException | ImproperlyConfigured;
  /** Creates an object of an authentication, permission or throttle class, dependencies included. */
  make<T extends object>(policyClass: new (...dependencies: never[]) => T): T;
}

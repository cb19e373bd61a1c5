/** Replaces the caller of a server's requests with one that the test kit sets. */
import { BaseAuthentication, type AuthenticationResult } from './base';

// The key is the server's settings, which no request has. No name is looked up that a polluted prototype could have.
const forced = new WeakMap<object, AuthenticationResult>();
let isAnyForced = false;

/**
 * Returns the caller that replaces the caller of every request of the server with these settings. Outside of tests it
 * is always `undefined`.
 */
export function forcedCaller(settings: object): AuthenticationResult | undefined {
  return isAnyForced ? forced.get(settings) : undefined;
}

/**
 * Sets or removes the replacement. Only the test kit may call this: it refuses in production and warns. No entry point
 * of the package exports it.
 */
export function forceCaller(settings: object, caller: AuthenticationResult | undefined): void {
  if (caller === undefined) forced.delete(settings);
  else forced.set(settings, caller);
  isAnyForced = true;
}

/** Used in place of authentication classes for a controller that has no class. */
export class ForcedAuthentication extends BaseAuthentication {
  override readonly authorizationSchemes = [];

  authenticate(): null {
    return null;
  }
}

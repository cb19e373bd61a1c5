/** The caller that the test kit puts in place of whoever a server's requests are from. */
import { BaseAuthentication, type AuthenticationResult } from './base';

// By the server's settings, which no request carries; nothing here is looked up by a name that a polluted prototype
// could have.
const forced = new WeakMap<object, AuthenticationResult>();
let isAnyForced = false;

/** The caller that every request of the server with these settings has; `undefined`, outside of tests always: none. */
export function forcedCaller(settings: object): AuthenticationResult | undefined {
  return isAnyForced ? forced.get(settings) : undefined;
}

/** For the test kit alone, which refuses in production and warns; no entry point of the package exports it. */
export function forceCaller(settings: object, caller: AuthenticationResult | undefined): void {
  if (caller === undefined) forced.delete(settings);
  else forced.set(settings, caller);
  isAnyForced = true;
}

/** Stands for the classes of a controller that has none. */
export class ForcedAuthentication extends BaseAuthentication {
  override readonly authorizationSchemes = [];

  authenticate(): null {
    return null;
  }
}

/** How the API learns that a user has logged out: OpenID Connect Back-Channel Logout 1.0. */
import type Provider from 'oidc-provider';
import { API } from '../accounts';

export const LOGOUT_PATH = '/backchannel-logout';

/** Of an app whose access tokens are for the API: with `sid`, so that a logout ends one session and not all. */
export const backChannel = {
  backchannel_logout_uri: API + LOGOUT_PATH,
  backchannel_logout_session_required: true,
} as const;

/** The connection to the API. The authorization server knows the API by name only; `apiUrl` is its address. */
export class BackChannel {
  apiUrl: string | undefined;

  // Without the dispatcher, with which oidc-provider keeps off the addresses of this machine: the API is there.
  readonly fetch = (input: string | URL | Request, { ...init }: RequestInit = {}): Promise<Response> => {
    const address = String(input instanceof Request ? input.url : input);
    if (this.apiUrl === undefined || !address.startsWith(API))
      return Promise.reject(new Error(`Nobody is at ${address}`));
    Reflect.deleteProperty(init, 'dispatcher');
    return fetch(this.apiUrl + address.slice(API.length), init);
  };
}

/** Reports failures: an API that does not learn of a logout still accepts the user's tokens. */
export function complainOfFailures(provider: Provider) {
  provider.on('backchannel.error', (_ctx, { message }, { clientId }) => {
    console.error(`The API did not receive a logout from ${clientId}: ${message}`);
  });
}

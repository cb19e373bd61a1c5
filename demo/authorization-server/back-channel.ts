/** How the API is told that somebody has logged out: OpenID Connect Back-Channel Logout 1.0. */
import type Provider from 'oidc-provider';
import { API } from '../accounts';

export const LOGOUT_PATH = '/backchannel-logout';

/** Of an app whose access tokens are for the API: with `sid`, so that a logout ends one session and not all. */
export const backChannel = {
  backchannel_logout_uri: API + LOGOUT_PATH,
  backchannel_logout_session_required: true,
} as const;

/** The way to the API. The authorization server knows it by its name alone, and is told where that leads. */
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

/** A log-out that the API was not told of is none for its tokens. */
export function complainOfFailures(provider: Provider) {
  provider.on('backchannel.error', (_ctx, { message }, { clientId }) => {
    console.error(`The API could not be told that somebody logged out of ${clientId}: ${message}`);
  });
}

/** The API signs users in itself: by password, or by what the authorization server says of them. */
import type { Denylist } from 'axioms-routing-controllers';
import {
  createMicroservice,
  type Microservice,
  type MicroserviceOptions,
  type MicroserviceStore,
  type UserStore,
} from 'axioms-routing-controllers/microservice';
import { microserviceClient } from './authorization-server/clients';
import { grantsOf } from './users';

export interface MicroservicePlace {
  /** The API's own URL: the issuer of its tokens. */
  readonly url: string;
  /** The authorization server's, whose word is taken for who somebody is. */
  readonly issuerUrl: string;
  readonly secret: string;
  readonly users: UserStore;
  readonly store: MicroserviceStore;
  /** The API asks it about each token, so that logging off ends access tokens, too. */
  readonly denylist: Denylist;
}

/** The name of the authorization server in `/auth/login/demo`. */
export const providerName = 'demo';

export function startMicroservice(place: MicroservicePlace): Microservice {
  return createMicroservice(microserviceOptions(place));
}

export function microserviceOptions({ url, issuerUrl, ...kept }: MicroservicePlace): MicroserviceOptions {
  const { client_id: clientId, client_secret: clientSecret } = microserviceClient;
  return {
    ...kept,
    issuer: url,
    audience: url,
    // The page may be opened by either name of this machine.
    allowedOrigins: [url, url.replace('127.0.0.1', 'localhost')],
    idp: { provider: 'oidc', name: providerName, issuer: issuerUrl, clientId, clientSecret, algorithms: ['ES256'] },
    customTokenUserAttributes: ['username'],
    customTokenCallableAttributes: [
      { attrName: 'scope', attrGetter: user => grantsOf(user).scopes.join(' ') },
      { attrName: 'roles', attrGetter: user => grantsOf(user).roles },
      { attrName: 'permissions', attrGetter: user => grantsOf(user).permissions },
    ],
    userSerializer: ({ username }) => ({ username }),
  };
}

/** Reports readiness, for load balancers and orchestrators: whether this server can verify tokens now. */
import type { RequestHandler, Response } from 'express';
import type { IssuerStatus, JwksManager } from '../../core/issuers/jwks-manager';
import { withServer } from './plain-answers';
import { onlyServer } from '../start/serving';
import type { AxiomsServer } from '../start/axioms-server';

/** The state of one issuer's keys. */
export interface IssuerHealth {
  /** Whether tokens of this issuer can be verified. */
  readonly ready: boolean;
  /** Seconds since the keys were fetched or confirmed; `null` before that. */
  readonly keyAge: number | null;
  /** Whether there are no keys, or the keys are older than the refresh interval. */
  readonly stale: boolean;
  /** The issuer, spelled as in the settings. Only with `details`. */
  readonly issuer?: string;
  /** The number of keys. Only with `details`. */
  readonly keys?: number;
  /** Why the last fetch failed, with its URL; `null` if it did not fail. Only with `details`. */
  readonly lastError?: string | null;
}

/** The body of the response. */
export interface Health {
  readonly status: 'ready' | 'unavailable';
  /** One entry per issuer, in the order of the settings. */
  readonly issuers: readonly IssuerHealth[];
}

type Server = Pick<AxiomsServer, 'jwksManager'>;

/** Options of {@link healthMiddleware}. */
export interface HealthOptions {
  /**
   * The server whose keys are reported. Default: the only server of the app on which the middleware is mounted, or of
   * the nearest enclosing app. If that app has several servers, name one. Otherwise each request is answered with 500,
   * and the log says how to name it.
   */
  readonly server?: Server | undefined;
  /**
   * Whether the response contains issuers, URLs and errors. Default: `false`, because strangers can often reach a
   * health check. Turn it on only if the endpoint cannot be reached from outside.
   */
  readonly details?: boolean | undefined;
}

/**
 * Returns a middleware that answers 200 if every trusted issuer has usable keys, and otherwise 503. In both cases the
 * body is {@link Health} as JSON. The keys of an issuer without keys are requested as often as its back-off allows. The
 * response does not wait for them.
 *
 * @param options the options, or a server in place of `{ server }`
 * @example
 * const app = createExpressServer({ controllers: [BookController] });
 * app.get('/ready', healthMiddleware());
 * internalApp.get('/ready', healthMiddleware({ server: app.locals.axioms, details: true }));
 */
export function healthMiddleware(options: HealthOptions | Server = {}): RequestHandler {
  const { server, details } = 'jwksManager' in options ? { server: options } : options;
  return (request, response, next) => {
    withServer({ request, response, next }, () => {
      const known = server ?? onlyServer({ request, response, next }, 'healthMiddleware()', example);
      answer(response, healthOf(known.jwksManager, details === true));
    });
  };
}

const example = 'healthMiddleware({ server: app.locals.axioms })';

function healthOf(manager: JwksManager, details: boolean): Health {
  manager.refreshIfStale();
  const now = manager.clock();
  const issuers = manager.status().map(status => ({
    ...stateOf(status, now),
    ...(details ? detailsOf(status) : {}),
  }));
  return { status: issuers.every(({ ready }) => ready) ? 'ready' : 'unavailable', issuers };
}

function stateOf({ usable, lastSuccess, stale }: IssuerStatus, now: number): IssuerHealth {
  const keyAge = lastSuccess === null ? null : Math.max(0, now - lastSuccess) / 1000;
  return { ready: usable, keyAge, stale };
}

function detailsOf({ issuer, keys, lastError }: IssuerStatus): Partial<IssuerHealth> {
  return { issuer, keys: keys.length, lastError };
}

// Does not use `response.json()`: with its ETag a cache's conditional request would get a 304. A route in front may have
// answered.
function answer(response: Response, health: Health): void {
  if (response.headersSent) return;
  response.statusCode = health.status === 'ready' ? 200 : 503;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(JSON.stringify(health));
}

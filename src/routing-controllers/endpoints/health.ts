/** Readiness: can this server verify tokens now? For whoever decides where requests go. */
import type { RequestHandler, Response } from 'express';
import type { IssuerStatus, JwksManager } from '../../core/issuers/jwks-manager';
import { withServer } from './plain-answers';
import { onlyServer } from '../start/serving';
import type { AxiomsServer } from '../start/axioms-server';

/** What the answer says of one issuer's keys. */
export interface IssuerHealth {
  /** Can tokens of this issuer be verified? */
  readonly ready: boolean;
  /** Seconds since the keys were fetched or confirmed; `null` before that. */
  readonly keyAge: number | null;
  /** Are there no keys, or are they older than the refresh interval? */
  readonly stale: boolean;
  /** The issuer, as the settings spell it. Only with `details`. */
  readonly issuer?: string;
  /** The number of keys. Only with `details`. */
  readonly keys?: number;
  /** Why the last fetch failed, with the URL that was asked; `null` where it did not fail. Only with `details`. */
  readonly lastError?: string | null;
}

/** The body of the answer. */
export interface Health {
  readonly status: 'ready' | 'unavailable';
  /** In the order of the settings. */
  readonly issuers: readonly IssuerHealth[];
}

type Server = Pick<AxiomsServer, 'jwksManager'>;

/** Options of {@link healthMiddleware}. */
export interface HealthOptions {
  /**
   * Whose keys the answer is about. Default: the only server of the app that it is mounted on, or of the nearest app around
   * it. With several servers on that app it must be named; otherwise each request is a 500, and the log says how.
   */
  readonly server?: Server | undefined;
  /**
   * Does the answer name issuers, URLs and errors? Default `false`: a health check is often open to strangers. Turn it on
   * only where the endpoint is reachable from inside alone.
   */
  readonly details?: boolean | undefined;
}

/**
 * Answers 200 where every trusted issuer has usable keys, else 503; in both cases {@link Health} as JSON. An issuer
 * without keys is asked for them, as often as its back-off allows; the answer does not wait for that.
 *
 * @param options or the server alone
 * @example
 * const app = createExpressServer({ controllers: [BookController] });
 * app.get('/ready', healthMiddleware());
 * internalApp.get('/ready', healthMiddleware({ server: app.locals.axioms, details: true }));
 */
export function healthMiddleware(options: HealthOptions | Server = {}): RequestHandler {
  const { server, details } = 'jwksManager' in options ? { server: options } : options;
  return (request, response, next) => {
    withServer({ request, response, next }, () => {
      const known = server ?? onlyServer({ request, next }, 'healthMiddleware()', example);
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

// Not by `response.json`: its ETag would let a cache's question be answered with 304.
function answer(response: Response, health: Health): void {
  response.statusCode = health.status === 'ready' ? 200 : 503;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(JSON.stringify(health));
}

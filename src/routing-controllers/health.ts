/** Readiness: can this server verify tokens now? For whoever decides where requests go. */
import type { Request, RequestHandler, Response } from 'express';
import { ImproperlyConfigured } from '../core/exceptions';
import type { IssuerStatus, JwksManager } from '../core/jwks-manager';
import type { AxiomsServer } from './server';

/** What is told of one issuer's keys: nothing that a token could be made or recognised with. */
export interface IssuerHealth {
  readonly issuer: string;
  readonly ready: boolean;
  /** How many keys there are. */
  readonly keys: number;
  /** Seconds since they were fetched or confirmed; `null` before that. */
  readonly keyAge: number | null;
  readonly stale: boolean;
  readonly lastError: string | null;
}

/** The body of the answer. */
export interface Health {
  readonly status: 'ready' | 'unavailable';
  readonly issuers: readonly IssuerHealth[];
}

/**
 * Answers 200 where every trusted issuer has usable keys, else 503; in both cases {@link Health} as JSON. An issuer
 * without keys is asked for them, as often as its back-off allows; the answer does not wait for that.
 *
 * @param server default: `request.app.locals.axioms`, the server of the app that it is mounted on
 * @example
 * const app = createExpressServer({ controllers: [BookController] });
 * app.get('/ready', healthMiddleware());
 */
export function healthMiddleware(server?: Pick<AxiomsServer, 'jwksManager'>): RequestHandler {
  return (request, response, next) => {
    const known = server ?? serverOf(request);
    if (known === undefined) next(new ImproperlyConfigured(noServer));
    else answer(response, healthOf(known.jwksManager));
  };
}

const noServer =
  'healthMiddleware() found no server at request.app.locals.axioms: mount it on the app that useExpressServer was given, or hand it the server, healthMiddleware(app.locals.axioms).';

function serverOf({ app }: Request): AxiomsServer | undefined {
  return app.locals.axioms as AxiomsServer | undefined;
}

function healthOf(manager: JwksManager): Health {
  manager.refreshIfStale();
  const now = manager.clock();
  const issuers = manager.status().map(status => issuerHealth(status, now));
  return { status: issuers.every(({ ready }) => ready) ? 'ready' : 'unavailable', issuers };
}

function issuerHealth(
  { issuer, usable, keys, lastSuccess, stale, lastError }: IssuerStatus,
  now: number,
): IssuerHealth {
  const keyAge = lastSuccess === null ? null : Math.max(0, now - lastSuccess) / 1000;
  return { issuer, ready: usable, keys: keys.length, keyAge, stale, lastError };
}

// Not by `response.json`: its ETag would let a cache's question be answered with 304.
function answer(response: Response, health: Health): void {
  response.statusCode = health.status === 'ready' ? 200 : 503;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(JSON.stringify(health));
}

/** Finds the servers of this library that serve an app. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { AxiomsServer } from '../routing-controllers/start/axioms-server';
import { serversOf, type ServerOption } from '../routing-controllers/start/serving';

/** An app that `createExpressServer` returned or `useExpressServer` received. */
export interface AppWithServer {
  // Express types it as `Record<string, any>`.
  readonly locals: object;
}

/**
 * Returns the named server, or the only one of the app.
 *
 * @param helper the caller's name for the message, such as `attachTo()`
 * @throws ImproperlyConfigured if the app has no server, or several and none is named
 */
export function axiomsServerOf(
  app: AppWithServer,
  { server }: ServerOption = {},
  helper = 'This helper',
): AxiomsServer {
  const [only, ...others] = axiomsServersOf(app, { server });
  if (only !== undefined && others.length === 0) return only;
  throw new ImproperlyConfigured(
    `${helper} cannot choose between the ${others.length + 1} servers of the app: name one, { server: app.locals.axioms }. A server is at app.locals.axioms right after its own useExpressServer().`,
  );
}

/**
 * Returns the named server, or every server of the app.
 *
 * @throws ImproperlyConfigured if the app has no server
 */
export function axiomsServersOf(app: AppWithServer, { server }: ServerOption = {}): readonly AxiomsServer[] {
  if (server !== undefined) return [server];
  const { axioms } = ((app as Partial<AppWithServer> | undefined)?.locals ?? {}) as { axioms?: AxiomsServer };
  if (axioms === undefined)
    throw new ImproperlyConfigured(
      'This app has no server of axioms-routing-controllers: hand over the one that createExpressServer() returned, or useExpressServer() was given.',
    );
  const all = serversOf(app).map(one => one.server);
  return all.length > 0 ? all : [axioms];
}

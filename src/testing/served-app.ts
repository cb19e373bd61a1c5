/** The server of this library that serves an app. */
import { ImproperlyConfigured } from '../core/exceptions';
import type { AxiomsServer } from '../routing-controllers/server';
import { serversOf, type ServerOption } from '../routing-controllers/serving';

/** An app that `createExpressServer` made or `useExpressServer` was given. */
export interface AppWithServer {
  // Express types it as `Record<string, any>`.
  readonly locals: object;
}

/**
 * The server that is named, or else the only one of the app.
 *
 * @param helper `attachTo()`, for the message
 * @throws ImproperlyConfigured where there is none, or where there are several and none is named.
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
 * The server that is named, or else every server of the app.
 *
 * @throws ImproperlyConfigured where there is none.
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

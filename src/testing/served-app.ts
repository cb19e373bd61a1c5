/** The server of this library that serves an app. */
import { ImproperlyConfigured } from '../core/exceptions';
import type { AxiomsServer } from '../routing-controllers/server';

/** An app that `createExpressServer` made or `useExpressServer` was given. */
export interface AppWithServer {
  // Express types it as `Record<string, any>`.
  readonly locals: object;
}

/** @throws ImproperlyConfigured where there is none. With several servers on one app it is the last one. */
export function axiomsServerOf(app: AppWithServer): AxiomsServer {
  const { axioms } = ((app as Partial<AppWithServer> | undefined)?.locals ?? {}) as { axioms?: AxiomsServer };
  if (axioms === undefined)
    throw new ImproperlyConfigured(
      'This app has no server of axioms-routing-controllers: hand over the one that createExpressServer() returned, or useExpressServer() was given.',
    );
  return axioms;
}

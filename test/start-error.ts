/** What a server that must not start says; it needs no issuer. */
import 'reflect-metadata';
import { createExpressServer, ImproperlyConfigured, type SettingsInput } from 'axioms-routing-controllers';
import { RecordingLogger } from './issuer/recording-logger';
import { audience, silentLogger } from './issuer/test-issuer';

const settings = { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false };

type ControllerClass = new (...dependencies: never[]) => object;

/** The message of the ImproperlyConfigured that stops the start. */
export function startError(controller: ControllerClass, axioms: Partial<SettingsInput> = {}): string {
  try {
    start(controller, { logger: silentLogger, ...axioms });
  } catch (error) {
    if (error instanceof ImproperlyConfigured) return error.message;
    throw error;
  }
  throw new Error('It started.');
}

/** What a server that starts has to warn of. */
export function startWarnings(controller: ControllerClass, axioms: Partial<SettingsInput> = {}): string {
  const logger = new RecordingLogger();
  start(controller, { logger, ...axioms });
  return logger.text('warn');
}

function start(controller: ControllerClass, axioms: Partial<SettingsInput>): void {
  const app = createExpressServer({ controllers: [controller], axioms: { ...settings, ...axioms } });
  (app.locals.axioms as { close(): void }).close();
}

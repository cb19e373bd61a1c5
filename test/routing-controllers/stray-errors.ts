/** Notices what would have ended the process. */
import { expect } from 'chai';

/** Fails the suite that calls it when anything in it rejects or throws where nobody handles it. */
export function forbidStrayErrors(): void {
  const events = ['unhandledRejection', 'uncaughtException', 'warning'] as const;
  const strays: unknown[] = [];
  const others = new Map<string, NodeJS.UncaughtExceptionListener[]>();
  const keep = (error: unknown): void => {
    strays.push(error);
  };

  before(() => {
    for (const event of events) {
      others.set(event, process.listeners(event as 'uncaughtException'));
      process.removeAllListeners(event);
      process.on(event, keep);
    }
  });

  after(async () => {
    // A rejection is reported once the microtasks have run.
    await new Promise(resolve => setImmediate(resolve));
    for (const event of events) {
      process.removeListener(event, keep);
      for (const listener of others.get(event) ?? []) process.on(event, listener);
    }
    expect(strays).to.deep.equal([]);
  });
}

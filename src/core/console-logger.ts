/** The default logger: warnings and errors go to the console, the rest nowhere. */
import type { Logger } from './setting-kinds';

const silent = (): void => undefined;

export const consoleLogger: Logger = {
  debug: silent,
  info: silent,
  warn: (message, data) => {
    console.warn(`axioms: ${message}`, ...(data === undefined ? [] : [data]));
  },
  error: (message, data) => {
    console.error(`axioms: ${message}`, ...(data === undefined ? [] : [data]));
  },
};

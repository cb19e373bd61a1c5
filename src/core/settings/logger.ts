/** What the library reports to. */

/** Receives what the library has to say; never a token, a claim's value or a secret. */
export interface Logger {
  debug(message: string, data?: object): void;
  info(message: string, data?: object): void;
  warn(message: string, data?: object): void;
  error(message: string, data?: object): void;
}

const silent = (): void => undefined;

/** The default logger: warnings and errors go to the console, the rest nowhere. */
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

/** The logger that the library writes to. */

/** Receives the log messages of the library. They never contain a token, a claim's value or a secret. */
export interface Logger {
  debug(message: string, data?: object): void;
  info(message: string, data?: object): void;
  warn(message: string, data?: object): void;
  error(message: string, data?: object): void;
}

const silent = (): void => undefined;

/** The default logger. Writes warnings and errors to the console, and discards the rest. */
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

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

const levels = ['debug', 'info', 'warn', 'error'] as const;
const safeLoggers = new WeakSet<Logger>();

/**
 * Returns a logger that passes everything on to the app's, and that never throws: a log that cannot be written must not
 * change an answer, nor end the process. The first failure is reported to the console. A logger may also return a promise,
 * which is not awaited.
 */
export function safeLogger(logger: Logger): Logger {
  if (safeLoggers.has(logger)) return logger;
  let hasFailed = false;
  const report = (error: unknown): void => {
    if (!hasFailed) consoleLogger.error('The logger failed. This is reported once.', { error: textOf(error) });
    hasFailed = true;
  };
  const safe = Object.fromEntries(levels.map(level => [level, passingOn(logger, level, report)])) as unknown as Logger;
  safeLoggers.add(safe);
  return safe;
}

type Level = (typeof levels)[number];

function passingOn(logger: Logger, level: Level, report: (error: unknown) => void): Logger[Level] {
  return (...said) => {
    try {
      // Typed as void, so that an async method fits.
      const written = (logger[level] as (...said: unknown[]) => unknown)(...said);
      Promise.resolve(written).catch(report);
    } catch (error) {
      report(error);
    }
  };
}

/** Returns the message of a thrown value, which may be anything, or its type. */
export function textOf(error: unknown): string {
  try {
    const said: unknown = error instanceof Error ? error.message : undefined;
    return typeof said === 'string' ? said : typeof error;
  } catch {
    return typeof error;
  }
}

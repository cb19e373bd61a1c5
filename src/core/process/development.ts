/** Decides whether this process runs in development. No other file reads NODE_ENV. */

const developmentNames = ['development', 'test'];

/**
 * Tells whether the process runs in development: `NODE_ENV` is unset, `development` or `test`, without regard to case and
 * to white space around it. Every other value is production, so that a misspelled one shows no details to strangers.
 */
export function isDevelopment(): boolean {
  const environment = environmentName();
  return environment === undefined || developmentNames.includes(environment.trim().toLowerCase());
}

/** Returns `NODE_ENV` as it is written, for messages. */
export function environmentName(): string | undefined {
  return process.env.NODE_ENV;
}

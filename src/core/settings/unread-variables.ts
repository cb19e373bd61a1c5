/** Explains a missing setting whose variable is set, and is not read. */
import { ImproperlyConfigured } from '../http/exceptions';
import { rowOf, settingNames, type SettingsInput } from './settings';

/**
 * Returns the error, with a hint if it names a setting that the app did not give, and whose variable is set: an app that
 * gives `axioms` expects the AXIOMS_* variables to fill the rest.
 */
export function withUnreadVariables(error: unknown, input: SettingsInput, env: NodeJS.ProcessEnv): unknown {
  if (!(error instanceof ImproperlyConfigured)) return error;
  const named: readonly string[] = error.message.match(/\bAXIOMS_[A-Z_]+/g) ?? [];
  const unread = settingNames
    .filter(name => input[name] === undefined)
    .map(name => rowOf(name).variable ?? '')
    .filter(variable => named.includes(variable) && env[variable] !== undefined);
  if (unread.length === 0) return error;
  return new ImproperlyConfigured(
    `${error.message} AXIOMS_* variables are not read because 'axioms' is given (${unread.join(', ')} is set): spread what settingsFromEnv() returns for the environment into 'axioms', or leave 'axioms' out.`,
    { cause: error },
  );
}

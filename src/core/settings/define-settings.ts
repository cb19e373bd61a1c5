/** Creates checked settings from the input of an app or from the AXIOMS_* variables. */
import { ImproperlyConfigured } from '../http/exceptions';
import { consoleLogger, safeLogger } from './logger';
import { plainVariable } from '../process/plain';
import { wrong } from './row';
import {
  Settings,
  rowOf,
  settingNames,
  settingsTable,
  type SettingName,
  type SettingsInput,
  type Values,
} from './settings';
import { checkTogether } from './checks';
import { severalIssuers } from './several-issuers';

/**
 * Checks the settings and fills in the defaults.
 *
 * @throws ImproperlyConfigured for an unknown name or a wrong value. The message names the setting, the value that was
 * seen and what is accepted.
 * @example
 * const settings = defineSettings({ audience: 'https://api.example.com', domain: 'auth.example.com' });
 * const both = defineSettings({
 *   issuers: [
 *     { issuerUrl: 'https://staff.example.com', audience: 'https://api.example.com', rolesClaims: '/realm_access/roles' },
 *     { issuerUrl: 'https://customers.example.com/', audience: 'https://api.example.com', algorithms: ['ES256'] },
 *   ],
 * });
 */
export function defineSettings(input: SettingsInput): Settings {
  refuseUnknownNames(input);
  const checked = Object.fromEntries(
    settingNames.map(name => [name, checkValue(name, input[name])]),
  ) as unknown as Values;
  const values = { ...checked, ...derived(checked), ...severalIssuers(input, defineSettings) };
  checkTogether(values);
  return new Settings(values);
}

/**
 * Returns the settings that the AXIOMS_* variables of an environment give.
 *
 * @throws ImproperlyConfigured for an unknown or empty AXIOMS_* variable, or one that cannot be read.
 * @example
 * const settings = defineSettings(settingsFromEnv(process.env));
 */
export function settingsFromEnv(env: NodeJS.ProcessEnv): SettingsInput {
  refuseUnknownVariables(env);
  const given = settingNames.filter(name => env[variableOf(name) ?? ''] !== undefined);
  return Object.fromEntries(given.map(name => [name, readVariable(name, env[variableOf(name) ?? ''] ?? '')]));
}

function variableOf(name: SettingName): string | undefined {
  return rowOf(name).variable;
}

function refuseUnknownNames(input: SettingsInput): void {
  const unknown = Object.keys(input).find(name => !Object.hasOwn(settingsTable, name));
  if (unknown !== undefined)
    throw new ImproperlyConfigured(`There is no setting '${unknown}'. The settings are: ${settingNames.join(', ')}.`);
}

function refuseUnknownVariables(env: NodeJS.ProcessEnv): void {
  const known = settingNames.map(variableOf).filter(variable => variable !== undefined);
  const unknown = Object.keys(env).find(
    variable => variable.startsWith('AXIOMS_') && variable !== plainVariable && !known.includes(variable),
  );
  if (unknown !== undefined)
    throw new ImproperlyConfigured(
      `There is no setting for the variable ${unknown}. The variables are: ${known.join(', ')}.`,
    );
}

function checkValue(name: SettingName, input: unknown): unknown {
  const { kind, fallback, variable } = rowOf(name);
  if (input === undefined) return fallback;
  const value = kind.check(input);
  if (value === undefined)
    throw wrong(`Setting '${name}'${variable === undefined ? '' : ` (${variable})`}`, input, kind.accepts, rowOf(name));
  return value;
}

function readVariable(name: SettingName, text: string): unknown {
  const { kind, variable = '', mayBeEmptyVariable = false } = rowOf(name);
  const value = kind.read(text);
  const isEmpty = text.trim() === '' && !mayBeEmptyVariable;
  if (isEmpty || kind.check(value) === undefined)
    throw wrong(`The variable ${variable} (setting '${name}')`, text, kind.accepts, rowOf(name));
  return value;
}

function derived(
  values: Partial<Values> & Pick<Values, 'jwksRefreshInterval'>,
): Pick<Values, 'issuerUrl' | 'jwksCacheTtl' | 'externalUrl' | 'logger'> {
  const host = values.domain?.replace(/^https?:\/\//, '');
  return {
    issuerUrl: values.issuerUrl ?? (host === undefined ? undefined : `https://${host}`),
    jwksCacheTtl: values.jwksCacheTtl ?? 2 * values.jwksRefreshInterval,
    externalUrl:
      values.externalUrl ?? (values.resourceUrl === undefined ? undefined : new URL(values.resourceUrl).origin),
    logger: values.logger === undefined ? consoleLogger : safeLogger(values.logger),
  };
}

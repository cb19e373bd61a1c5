/** Copies settings with other values. */
import { Settings, settingNames, type Values } from './settings';

/**
 * Returns the settings with other values, which those of each issuer get, too. A spread and `Object.assign()` would lose the
 * secrets, which are not enumerable.
 */
export function changedSettings(settings: Settings, changes: Partial<Values>): Settings {
  const kept = Object.fromEntries(settingNames.map(name => [name, settings[name]])) as unknown as Values;
  const issuers = settings.issuers?.map(one => changedSettings(one, changes));
  return new Settings({ ...kept, ...changes, ...(issuers && { issuers }) });
}

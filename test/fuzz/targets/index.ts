/** All targets. */
import type { Target } from '../target';
import { claimTargets } from './claims';
import { cookieTargets } from './cookies';
import { filterTargets } from './filters';
import { headers } from './headers';
import { possessionTargets } from './possession';
import { settingTargets } from './settings';
import { tokenTargets } from './tokens';

export const targets: readonly Target[] = [
  ...headers,
  ...possessionTargets,
  ...tokenTargets,
  ...claimTargets,
  ...cookieTargets,
  ...filterTargets,
  ...settingTargets,
];

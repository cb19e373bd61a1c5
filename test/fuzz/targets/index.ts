/** All targets. */
import type { Target } from '../target';
import { claimTargets } from './claims';
import { cookieTargets } from './cookies';
import { filterTargets } from './filters';
import { headers } from './headers';
import { settingTargets } from './settings';
import { tokenTargets } from './tokens';

export const targets: readonly Target[] = [
  ...headers,
  ...tokenTargets,
  ...claimTargets,
  ...cookieTargets,
  ...filterTargets,
  ...settingTargets,
];

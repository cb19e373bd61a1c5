/** Upstream's conversion of parameters, which it does not export. */
import type { Action, ParamMetadata } from 'routing-controllers';
import type { Soon } from '../../core/time/soon';

/** What upstream converts a value with; a part of its `ActionParameterHandler`. */
export interface Conversion {
  normalizeStringValue(text: string, name: string, type: string): unknown;
  transformValue(value: unknown, param: ParamMetadata): unknown;
  validateValue(value: unknown, param: ParamMetadata): Soon<unknown>;
  handleValue(value: unknown, action: Action, param: ParamMetadata): Soon<unknown>;
}

/** Returns the conversion of a driver; `undefined` if this version of upstream has it elsewhere. */
export function conversionWith(driver: object): Conversion | undefined {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- it has no declarations under this path
    const { ActionParameterHandler } = require('routing-controllers/cjs/ActionParameterHandler') as {
      readonly ActionParameterHandler: new (driver: object) => Conversion;
    };
    return new ActionParameterHandler(driver);
  } catch {
    return undefined;
  }
}

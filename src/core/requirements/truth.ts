/** Logic with three values: `undefined` may turn out to be true or false. */
import type { Truth } from './kind';

export function every(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

export function some(truths: readonly Truth[]): Truth {
  if (truths.includes(true)) return true;
  return truths.includes(undefined) ? undefined : false;
}

export function negated(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

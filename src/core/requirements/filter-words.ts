/** Writes an object filter as text, without its values: they may be claims of a caller. */
import type { ObjectFilter } from './object-filter';

/**
 * Returns the filter as text.
 *
 * @example
 * inFilterWords(whereEquals('user', 'alice')); // user = …
 */
export function inFilterWords(filter: ObjectFilter): string {
  switch (filter.kind) {
    case 'all':
    case 'none':
      return filter.kind === 'all' ? 'every object' : 'no object';
    case 'equals':
      return filter.value === null ? `${filter.property} is null` : `${filter.property} = …`;
    case 'in':
      return `${filter.property} is one of ${filter.values.length} values`;
    case 'compare':
      return `${filter.property} ${filter.operator} …`;
    case 'not':
      return `not (${inFilterWords(filter.of)})`;
    default:
      return `(${filter.of.map(inFilterWords).join(` ${filter.kind} `)})`;
  }
}

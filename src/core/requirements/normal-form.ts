/** A filter without `not`, which a compiler can write part by part. */
import { checkedFilter, type ObjectFilter, type PropertyFilter } from './object-filter';

/**
 * A filter of a property in normal form. If `isNegated`, it selects exactly the objects that the filter of the property does
 * not select, also those where the property is null.
 */
export type NormalProperty = PropertyFilter & { readonly isNegated: boolean };

/** An {@link ObjectFilter} in which a negation stands only at a property. */
export type NormalFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | NormalProperty
  | { readonly kind: 'and' | 'or'; readonly of: readonly NormalFilter[] };

/**
 * Returns the same filter without `not` (De Morgan). A compiler of your own has to write every kind exactly as `matches`
 * decides it.
 *
 * @throws ImproperlyConfigured if the filter is wrong
 * @example
 * normalForm(filterNot(whereEquals('state', 'draft'))); // { kind: 'equals', …, isNegated: true }
 */
export function normalForm(filter: ObjectFilter): NormalFilter {
  return normal(checkedFilter(filter), false);
}

function normal(filter: ObjectFilter, isNegated: boolean): NormalFilter {
  switch (filter.kind) {
    case 'all':
    case 'none':
      return { kind: (filter.kind === 'all') === isNegated ? 'none' : 'all' };
    case 'and':
    case 'or':
      return {
        kind: (filter.kind === 'and') === isNegated ? 'or' : 'and',
        of: filter.of.map(one => normal(one, isNegated)),
      };
    case 'not':
      return normal(filter.of, !isNegated);
    default:
      return { ...filter, isNegated };
  }
}

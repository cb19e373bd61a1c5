/** Object rules as data: builders of filters, what a filter means, and its form for a compiler of your own. */
export {
  allObjects,
  filterAnd,
  filterNot,
  filterOr,
  isFilterText,
  noObjects,
  whereCompare,
  whereEquals,
  whereIn,
  type CompareFilter,
  type CompareOperator,
  type EqualsFilter,
  type FilterDate,
  type FilterValue,
  type InFilter,
  type ObjectFilter,
  type PropertyFilter,
} from '../core/requirements/object-filter';
export { matches, matching, type MatchOptions } from '../core/requirements/matches';
export { normalForm, type NormalFilter, type NormalProperty } from '../core/requirements/normal-form';

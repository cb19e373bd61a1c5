/** Rows and filters for differential tests: every compiler must select exactly the rows that `matches` accepts. */
import fc from 'fast-check';
import {
  filterAnd,
  filterNot,
  filterOr,
  whereCompare,
  whereEquals,
  whereIn,
  type FilterValue,
  type ObjectFilter,
} from '../../src/core/requirements/object-filter';

export interface Team {
  readonly id: string;
  readonly size: number | null;
}

export interface Row {
  readonly id: number;
  readonly text: string | null;
  /** A column whose collation ignores case and accents. */
  readonly folded: string | null;
  readonly whole: number | null;
  readonly big: bigint | null;
  readonly real: number | null;
  readonly flag: boolean | null;
  readonly at: Date | null;
  readonly team: Team | null;
}

const texts = [
  '',
  'a',
  'A',
  'á',
  'a ',
  ' a',
  "o'a",
  'a"b',
  'a\\',
  '%',
  '_',
  '5',
  '05',
  '5.0',
  '-5',
  '0',
  '1.5',
  'true',
  'ß',
  'ss',
  '日本',
  '😀',
];
const wholes = [0, 5, -5, 7, 2147483647, -2147483648];
const largeNumbers = [0n, 5n, -5n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
const reals = [0, 5, -5, 1.5, -1.5, 0.1, 1e21, 1e-7, 2 ** 53];
const times = [
  '1970-01-01T00:00:00.000Z',
  '2026-01-01T00:00:00.000Z',
  '2026-01-01T00:00:00.001Z',
  '2026-01-01T00:00:00.999Z',
  '9999-12-31T23:59:59.999Z',
].map(text => new Date(text));

export const teams: readonly Team[] = [
  { id: 'blue', size: 5 },
  { id: 'Blue', size: null },
  { id: '', size: 0 },
];

/** Every value of every column, and null, in rows that differ in their other columns. */
export const rows: readonly Row[] = Array.from({ length: 3 * (texts.length + 1) }, (_, id) => {
  const pick = <T>(list: readonly T[], step: number): T | null => list[(id * step) % (list.length + 1)] ?? null;
  return {
    id,
    text: pick(texts, 1),
    folded: pick(texts, 5),
    whole: pick(wholes, 1),
    big: pick(largeNumbers, 1),
    real: pick(reals, 1),
    flag: pick([true, false], 1),
    at: pick(times, 1),
    team: pick(teams, 1),
  };
});

const columns = ['text', 'folded', 'whole', 'big', 'real', 'flag', 'at', 'team.id', 'team.size'] as const;
const values: readonly FilterValue[] = [
  ...texts,
  ...wholes,
  1.5,
  0.1,
  1e-7,
  true,
  false,
  null,
  ...largeNumbers.map(String),
  String(2n ** 63n),
  String(2n ** 64n),
  String(-(2n ** 63n) - 1n),
  'blue',
  'Blue',
  'BLUE',
];
const amounts = [...wholes, 1.5, -1.5, 4.5, 0.1, 2 ** 53 - 1, -(2 ** 53) + 1];
const moments = [
  ...times,
  new Date('2026-01-01T00:00:00.500Z'),
  new Date(8.64e15),
  new Date(-8.64e15),
  new Date('0099-12-31T00:00:00.000Z'),
];

const atom: fc.Arbitrary<ObjectFilter> = fc.oneof(
  fc.tuple(fc.constantFrom(...columns), fc.constantFrom(...values)).map(given => whereEquals(...given)),
  fc
    .tuple(
      fc.constantFrom(...columns),
      fc.array(fc.constantFrom(...values.filter(value => value !== null)), { maxLength: 5 }),
    )
    .map(given => whereIn(...given)),
  fc
    .tuple(
      fc.constantFrom(...columns),
      fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
      fc.constantFrom(...amounts, ...moments),
    )
    .map(given => whereCompare(...given)),
);

/** Filters over {@link rows}, nested up to four levels. */
export const { filters } = fc.letrec<{ filters: ObjectFilter }>(tie => ({
  filters: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atom,
    fc.array(tie('filters'), { minLength: 1, maxLength: 3 }).map(of => filterAnd(...of)),
    fc.array(tie('filters'), { minLength: 1, maxLength: 3 }).map(of => filterOr(...of)),
    tie('filters').map(filterNot),
  ),
}));

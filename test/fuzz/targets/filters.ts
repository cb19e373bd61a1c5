/** Object filters from anywhere: checked, matched, and compiled to SQL. */
import { expect } from 'chai';
import fc from 'fast-check';
import { ImproperlyConfigured } from 'axioms-routing-controllers';
import { matches, type ObjectFilter } from 'axioms-routing-controllers/filters';
import { toSql, type SqlColumn, type SqlDialect } from 'axioms-routing-controllers/filters/sql';
import { checkedFilter } from '../../../src/core/requirements/object-filter';
import { names, parsedOrRefused, target, type Target } from '../target';

const properties = fc.oneof(fc.constantFrom<unknown>('text', 'whole', 'team.id', 'a.b.c', 'text"; --', 1), names);
const values = fc.oneof(
  fc.string({ unit: 'binary' }).map(text => `canary-${text}`),
  fc.double(),
  fc.constantFrom<unknown>(null, true, 'alice', "canary-' OR 1=1 --", 'canary-\0', 2 ** 53, [], {}),
  fc.jsonValue({ maxDepth: 1 }),
);

/** What looks like a filter, and is mostly wrong. */
const { filter } = fc.letrec<{ filter: unknown }>(tie => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>({ kind: 'all' }, { kind: 'none' }, { kind: 'any' }, { kind: '__proto__' }, null),
    fc.record({ kind: fc.constant('equals'), property: properties, value: values }),
    fc.record({ kind: fc.constant('in'), property: properties, values: fc.oneof(fc.array(values), values) }),
    fc.record({
      kind: fc.constant('compare'),
      property: properties,
      operator: fc.constantFrom('<', '<=', '>', '>=', '=', 'OR'),
      value: fc.oneof(values, fc.record({ date: fc.oneof(fc.string(), fc.constant('2026-01-01T00:00:00.000Z')) })),
    }),
    fc.record({ kind: fc.constant('not'), of: tie('filter') }),
    fc.record({ kind: fc.constantFrom('and', 'or'), of: fc.array(tie('filter'), { maxLength: 3 }) }),
  ),
}));

function checked(given: unknown): ObjectFilter | undefined {
  return parsedOrRefused(ImproperlyConfigured, () => checkedFilter(given as ObjectFilter));
}

/** A filter that is accepted is frozen, and is accepted again as it was written. */
function checkAccepted(given: unknown): void {
  const accepted = checked(given);
  if (accepted === undefined) return;
  expect(Object.isFrozen(accepted)).to.equal(true);
  expect(checked(JSON.parse(JSON.stringify(accepted)))).to.deep.equal(accepted);
}

const objects = fc.record({
  text: fc.oneof(fc.string(), fc.jsonValue()),
  whole: fc.oneof(fc.double(), fc.bigInt(), fc.date()),
  team: fc.oneof(fc.constant(null), fc.record({ id: fc.jsonValue() })),
});

/** A filter says yes or no about any object, and its negation says the opposite. */
function checkMatches([given, object]: readonly [unknown, object]): void {
  const accepted = checked(given);
  if (accepted === undefined) return;
  const answer = parsedOrRefused(ImproperlyConfigured, () => matches(accepted, object));
  if (answer === undefined) return;
  expect(answer).to.be.a('boolean');
  expect(matches(checkedFilter({ kind: 'not', of: accepted }), object)).to.equal(!answer);
}

const columns: Readonly<Record<string, SqlColumn>> = {
  text: { column: 'text', type: 'text' },
  whole: { column: 'whole', type: 'number' },
};
const team = { table: 'team', from: 'team_id', to: 'id', columns: { id: { column: 'id', type: 'text' } } } as const;

/** No value of a filter is in the text of the statement, and each placeholder has its value. */
function checkSql([given, dialect]: readonly [unknown, SqlDialect]): void {
  const accepted = checked(given);
  if (accepted === undefined) return;
  const options = { dialect, alias: 'n', columns, relations: { team } };
  const made = parsedOrRefused(ImproperlyConfigured, () => toSql(accepted, options));
  if (made === undefined) return;
  expect(made.text).not.to.include('canary');
  // PostgreSQL numbers its placeholders, and may use one twice.
  const places = dialect === 'postgresql' ? new Set(made.text.match(/\$\d+/g)) : (made.text.match(/\?/g) ?? []);
  expect([...places]).to.have.lengthOf(made.values.length);
}

const dialects = fc.constantFrom<SqlDialect>('postgresql', 'mysql', 'sqlite');

export const filterTargets: readonly Target[] = [
  target('filter: checks', filter, checkAccepted),
  target('filter: matches', fc.tuple(filter, objects), checkMatches),
  target('filter: SQL', fc.tuple(filter, dialects), checkSql),
];

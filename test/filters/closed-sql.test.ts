/** What the SQL of an app must look like so that brackets around it hold, for each database. */
import { expect } from 'chai';
import { isClosed } from '../../src/filters/closed-sql';
import type { SqlDialect } from '../../src/filters/sql/dialects';

type Cases = Readonly<Record<string, readonly SqlDialect[]>>;

const dialects = ['postgresql', 'mysql', 'sqlite'] as const;

const closed: Cases = {
  '': dialects,
  '(a) OR ((b) AND c)': dialects,
  "a <> ':-)' AND b = ')(' AND c = 'it''s :-)'": dialects,
  '"a)" = 1': dialects,
  '`a)` = 1': ['mysql', 'sqlite'],
  '[a)] = 1': ['sqlite'],
  'a = 1 -- :-)': dialects,
  "a = 1 -- it's\r\nAND (b)": dialects,
  'a = 1 # :-)': ['mysql'],
  'a /* :-) */ = 1': dialects,
  "a LIKE :b ESCAPE '\\'": ['postgresql', 'sqlite'],
  "a LIKE :b ESCAPE '\\\\'": dialects,
  "a = E'\\\\' AND b = E'\\n'": ['postgresql'],
  // The second text continues the first.
  "a = 'b'\n'c)' AND d": ['postgresql'],
  "a = E'b''c)' AND d = 'e'": ['postgresql'],
  "a ->> 'b' = $1 AND c[1] = $2": ['postgresql', 'mysql'],
};

const open: Cases = {
  ')': dialects,
  '(': dialects,
  'a) OR (b': dialects,
  "a = '": dialects,
  'a = "': dialects,
  'a = `': ['mysql', 'sqlite'],
  'a = [': ['sqlite'],
  'a /*': dialects,
  "a /* ' */ ) OR (b /* ' */": dialects,
  '/* /* */ ) OR (a /* */ */': dialects,
  'a -- \r) OR (b': dialects,
  'a -- (\r)': dialects,
  'a --) OR (b --(': ['mysql'],
  "a # '\n) OR (b # '": ['mysql'],
  'a /*! ) OR (b */': ['mysql'],
  'a /*M! ) OR (b */': ['mysql'],
  "a = '\\') OR (b = '": ['mysql'],
  'a = "\\") OR (b = "': ['mysql'],
  "a = E'\\') OR (b = E'": ['postgresql'],
  "a = $$'$$) OR (b <> $$'$$": ['postgresql'],
  "a = $b$'$b$) OR (b <> $b$'$b$": ['postgresql'],
  // PostgreSQL reads the backslashes of the second text as those of the first.
  "a = E'a'\n'\\' || ' ) OR (1=1) OR (1=1 -- '": ['postgresql'],
  "a = E'a' -- b\n'\\' || ' ) OR (1=1) OR (1=1 -- '": ['postgresql'],
  "a = E'a''b'\n'\\' || ' ) OR (1=1) OR (1=1 -- '": ['postgresql'],
  '["]) OR (1 = 1 OR ["]': ['sqlite'],
};

describe('SQL of an app, between brackets', () => {
  for (const [sql, of] of Object.entries(closed))
    it(`stays in them: ${JSON.stringify(sql)}`, () => {
      for (const dialect of of) expect(isClosed(sql, dialect), dialect).to.equal(true);
    });

  for (const [sql, of] of Object.entries(open))
    it(`leaves them, or may leave them: ${JSON.stringify(sql)}`, () => {
      for (const dialect of of) expect(isClosed(sql, dialect), dialect).to.equal(false);
    });
});

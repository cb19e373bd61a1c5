/** SQL of an app's own, which must not leave the brackets that are written around it. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { SqlDialect } from './sql/dialects';

const text = /'(?:[^']|'')*'/;
// Both readings of a backslash agree, unless it stands in front of the quotation mark.
const escaped = /'(?:[^'\\]|''|\\[^'])*'/;
const doubleQuoted = /"(?:[^"]|"")*"/;
const backQuoted = /`(?:[^`]|``)*`/;
const line = /--[^\r\n]*(?:\r?\n|$)/;
const block = /\/\*(?:(?!\/\*|\*\/)[^])*\*\//;

// PostgreSQL reads a text on a later line as the rest of this one, with the backslashes of this one. A comment may stand between.
const continued = /\s*(?:'|--)/;

interface Reading {
  /** Texts, names and comments, in which brackets do not count. */
  readonly skipped: RegExp;
  /** What may begin or end a text or a comment, where it remains. */
  readonly unsure: RegExp;
}

const readings: Readonly<Record<SqlDialect, Reading>> = {
  postgresql: {
    skipped: anyOf(
      RegExp(`[eE]${escaped.source}(?!${continued.source})|(?<![eE])${text.source}`),
      doubleQuoted,
      line,
      block,
    ),
    unsure: /['"]|--|\/\*|\*\/|\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/i,
  },
  mysql: {
    skipped: anyOf(
      escaped,
      /"(?:[^"\\]|""|\\[^"])*"/,
      backQuoted,
      /(?:--(?=[\0- \x7f]|$)|#)[^\r\n]*(?:\r?\n|$)/,
      // MySQL and MariaDB run what stands in the others.
      RegExp(`(?!/\\*M?!)${block.source}`),
    ),
    unsure: /['"`#]|--(?=[\0- \x7f]|$)|\/\*|\*\//,
  },
  sqlite: {
    skipped: anyOf(text, doubleQuoted, backQuoted, /\[[^\]]*\]/, line, block),
    unsure: /['"`[]|--|\/\*|\*\//,
  },
};

function anyOf(...patterns: readonly RegExp[]): RegExp {
  return RegExp(patterns.map(({ source }) => source).join('|'), 'g');
}

/**
 * Returns the condition in brackets, behind a comment that reaches to the end of its line.
 *
 * @param of names the condition, for the message
 * @throws ImproperlyConfigured if it ends a bracket, a text or a comment that it has not begun, or may do so
 */
export function inBrackets(condition: string, dialect: SqlDialect, of: string): string {
  requireClosed(condition, dialect, of);
  // TypeORM finds the name of a property only in front of a space, a comma, a bracket or the end.
  return `(${condition} \n)`;
}

/** @throws ImproperlyConfigured if the SQL may end the brackets around it */
export function requireClosed(sql: string, dialect: SqlDialect, of: string): void {
  if (!isClosed(sql, dialect))
    throw new ImproperlyConfigured(
      `${of} has brackets that do not match, or a quotation mark, a comment or a dollar quote that databases read differently: pass values as parameters.`,
    );
}

/** Does the SQL end each bracket, text and comment that it begins, and no other? */
export function isClosed(sql: string, dialect: SqlDialect): boolean {
  const { skipped, unsure } = readings[dialect];
  const rest = sql.replace(skipped, ' ');
  if (unsure.test(rest)) return false;
  let depth = 0;
  for (const sign of rest.match(/[()]/g) ?? []) {
    depth += sign === '(' ? 1 : -1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

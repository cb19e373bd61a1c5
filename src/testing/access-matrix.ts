/** Compares an app with a table of expected statuses, by request and caller. */
import type { RequestListener } from 'node:http';
import { forceAuthenticate, type ForcedUser } from './force-authenticate';
import { onLoopback, type LoopbackAnswer, type RequestContent, type Send } from './loopback';
import type { AppWithServer } from './served-app';

/** By request, such as `'GET /books/1'`: the expected status for each caller. `anonymous` sends no credentials. */
export type AccessMatrix = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Options of {@link expectAccessMatrix}. */
export interface AccessMatrixOptions {
  /** The bearer token of each caller. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** Callers that are authenticated without a token; see {@link forceAuthenticate}. */
  readonly users?: Readonly<Record<string, ForcedUser>>;
  /** By row: what its requests send in addition to the caller's credentials. */
  readonly requests?: Readonly<Record<string, RequestContent>>;
}

/** A cell of the table from which the app differs. */
export interface AccessDifference {
  readonly row: string;
  readonly caller: string;
  readonly expected: number;
  /** The status of the response, or the reason why there was no response. */
  readonly actual: number | string;
  /** A defect of an answer with the expected status. */
  readonly flaw?: string;
}

/** All differences between the app and the table. */
export class AccessMatrixError extends Error {
  override readonly name = 'AccessMatrixError';

  constructor(readonly differences: readonly AccessDifference[]) {
    super(`The app differs from the access matrix in ${differences.length} of its cells:\n${asTable(differences)}`);
  }
}

/** An app with a server of this library, which `http.createServer()` accepts. */
export type TestedApp = AppWithServer & RequestListener;

/**
 * Sends a request for every cell of the table, one after the other, over HTTP on the loopback interface. Each 401 must
 * also have a challenge (RFC 9110 §15.5.2).
 *
 * @param options who the callers are, by `tokens` and `users`; `anonymous` is always declared, and sends no credentials
 * @throws AccessMatrixError with all differences, after all requests
 * @throws RangeError for an empty or invalid table: a row that is not a method and a path, an undeclared or duplicate
 * caller, an invalid status
 * @example
 * await expectAccessMatrix(
 *   app,
 *   {
 *     'GET /books': { anonymous: 401, bob: 200, alice: 200 },
 *     'POST /books': { anonymous: 401, bob: 403, alice: 201 },
 *   },
 *   {
 *     tokens: { bob: issuer.token({ sub: 'bob', scope: 'book:read' }), alice: issuer.token({ scope: 'book:read book:create' }) },
 *     requests: { 'POST /books': { body: { title: 'Dune' } } },
 *   },
 * );
 */
export async function expectAccessMatrix(
  app: TestedApp,
  matrix: AccessMatrix,
  options: AccessMatrixOptions = {},
): Promise<void> {
  const cells = cellsOf(matrix, options);
  const differences: AccessDifference[] = [];
  // A caller that was forced before would replace every caller of the table.
  forceAuthenticate(app, null);
  await onLoopback(app, async send => {
    for (const cell of cells) differences.push(...(await differencesOf(cell, app, send)));
  });
  if (differences.length > 0) throw new AccessMatrixError(differences);
}

interface Cell {
  readonly row: string;
  readonly caller: string;
  readonly expected: number;
  readonly content: RequestContent;
  readonly user: ForcedUser | undefined;
}

function cellsOf(matrix: AccessMatrix, options: AccessMatrixOptions): readonly Cell[] {
  const unknown = Object.keys(options.requests ?? {}).find(row => !Object.hasOwn(matrix, row));
  if (unknown !== undefined)
    throw new RangeError(`The option requests has '${unknown}', which is not a row of the matrix.`);
  const cells = Object.entries(matrix).flatMap(([row, callers]) => rowCells(row, callers, options));
  if (cells.length === 0) throw new RangeError('The access matrix is empty: it would test nothing.');
  return cells;
}

function rowCells(row: string, callers: Readonly<Record<string, number>>, options: AccessMatrixOptions): Cell[] {
  if (!/^[A-Z-]+ \/\S*$/.test(row))
    throw new RangeError(`'${row}' is no row of an access matrix: write a method and a path, such as 'GET /books'.`);
  if (Object.keys(callers).length === 0) throw new RangeError(`The row '${row}' of the access matrix names no caller.`);
  return Object.entries(callers).map(([caller, expected]) => {
    if (!Number.isInteger(expected) || expected < 100 || expected > 599)
      throw new RangeError(
        `${caller} of '${row}' has the status ${String(expected)}, which is not an HTTP status: write one from 100 to 599.`,
      );
    return { row, caller, expected, ...credentials(caller, options.requests?.[row] ?? {}, options) };
  });
}

function credentials(
  caller: string,
  content: RequestContent,
  { tokens = {}, users = {} }: AccessMatrixOptions,
): Pick<Cell, 'content' | 'user'> {
  const [token, user] = [ownOf(tokens, caller), ownOf(users, caller)];
  const known = [caller === 'anonymous' || undefined, token, user].filter(one => one !== undefined);
  if (known.length !== 1)
    throw new RangeError(
      known.length === 0
        ? `The options do not say who '${caller}' is: add tokens.${caller} or users.${caller}.`
        : `The caller '${caller}' is declared twice: 'anonymous' always is, and any other belongs to either tokens or users.`,
    );
  if (token === undefined) return { content, user };
  return { content: { ...content, headers: { ...content.headers, Authorization: `Bearer ${token}` } }, user };
}

function ownOf<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

async function differencesOf(cell: Cell, app: TestedApp, send: Send): Promise<readonly AccessDifference[]> {
  const { row, caller, expected } = cell;
  try {
    const answer = await ask(cell, app, send);
    const flaw = flawOf(answer);
    if (answer.status === expected && flaw === undefined) return [];
    return [{ row, caller, expected, actual: answer.status, flaw }];
  } catch (error) {
    return [{ row, caller, expected, actual: error instanceof Error ? error.message : String(error) }];
  }
}

async function ask({ row, content, user }: Cell, app: TestedApp, send: Send): Promise<LoopbackAnswer> {
  const [method = '', path = ''] = row.split(' ');
  if (user === undefined) return send(method, path, content);
  forceAuthenticate(app, user);
  try {
    return await send(method, path, content);
  } finally {
    forceAuthenticate(app, null);
  }
}

function flawOf({ status, headers }: LoopbackAnswer): string | undefined {
  return status === 401 && headers['www-authenticate'] === undefined ? 'has no WWW-Authenticate' : undefined;
}

function asTable(differences: readonly AccessDifference[]): string {
  const lines = differences.map(({ row, caller, expected, actual, flaw }) => [
    row,
    caller,
    String(expected),
    flaw === undefined ? String(actual) : `${actual}, ${flaw}`,
  ]);
  const table = [['request', 'caller', 'expected', 'actual'], ...lines];
  const widths = [0, 1, 2, 3].map(column => Math.max(...table.map(line => line[column]?.length ?? 0)));
  return table
    .map(line => `  ${line.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

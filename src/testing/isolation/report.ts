/** What came of a test of isolation: as data, as a table and as JUnit's XML. */

/** How an answer or an object was not isolated. */
export type LeakKind =
  /** Another caller's object is in the answer. */
  | 'shows'
  /** The answer changed when the other caller's object was created: a count, an ETag, a list without names. */
  | 'depends on'
  /** The request changed the other caller's object, or removed it. */
  | 'changes';

/** One leak between two callers. */
export interface IsolationLeak {
  /** The method and the pattern of the path, such as `GET /notes/:id`. */
  readonly route: string;
  readonly kind: LeakKind;
  /** The caller who sent the request. */
  readonly caller: string;
  /** The caller whose object leaked. */
  readonly owner: string;
  /** Where: `body`, `status`, or the name of a header field. */
  readonly where: string;
}

/** A route that could not be tested, and why. */
export interface UntestedRoute {
  readonly route: string;
  readonly reason: string;
}

/** What {@link expectIsolation} found. */
export interface IsolationReport {
  /** All routes, by method and pattern of the path. */
  readonly routes: readonly string[];
  /** The routes that were tested. */
  readonly exercised: readonly string[];
  /** The routes of the option `ignore`. */
  readonly ignored: readonly string[];
  readonly leaks: readonly IsolationLeak[];
  /** The routes that are neither tested nor ignored. */
  readonly untested: readonly UntestedRoute[];
}

/** The app leaks objects of one caller to another, or has routes that could not be tested. */
export class IsolationError extends Error {
  override readonly name = 'IsolationError';

  constructor(readonly report: IsolationReport) {
    const { leaks, untested } = report;
    super(`${leaks.length} leaks, and ${untested.length} routes that were not tested:\n${isolationTable(report)}`);
  }
}

/**
 * Returns the report as a table with one line for each route, and one for each further leak of it.
 *
 * @example
 * console.log(isolationTable(await expectIsolation(app, { callers })));
 */
export function isolationTable(report: IsolationReport): string {
  const rows = report.routes.flatMap(route => resultsOf(route, report).map(text => [route, text]));
  const width = Math.max(0, ...rows.map(([route = '']) => route.length));
  return rows.map(([route = '', text = '']) => `  ${route.padEnd(width)}  ${text}`).join('\n');
}

function resultsOf(route: string, { leaks, untested, ignored }: IsolationReport): readonly string[] {
  const found = leaks.filter(one => one.route === route).map(leakText);
  const reason = untested.find(one => one.route === route)?.reason;
  if (found.length > 0) return found;
  if (reason !== undefined) return [`NOT TESTED: ${reason}`];
  return [ignored.includes(route) ? 'ignored' : 'isolated'];
}

function leakText({ kind, caller, owner, where }: IsolationLeak): string {
  const what = { shows: 'shows', 'depends on': 'tells of', changes: 'lets change' }[kind];
  return `LEAK: ${what} ${owner}'s object, asked by ${caller} (${where})`;
}

/**
 * Returns the report as JUnit's XML, with a test case for each route, for the page of a CI server.
 *
 * @example
 * writeFileSync('isolation.xml', isolationJUnit(await expectIsolation(app, { callers })));
 */
export function isolationJUnit(report: IsolationReport): string {
  const cases = report.routes.map(route => testCase(route, report));
  const failures = cases.filter(text => text.includes('<failure')).length;
  const head = `<testsuite name="isolation" tests="${cases.length}" failures="${failures}" skipped="${report.ignored.length}">`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...cases, '</testsuite>', ''].join('\n');
}

function testCase(route: string, report: IsolationReport): string {
  const results = resultsOf(route, report);
  const open = `  <testcase classname="isolation" name="${escaped(route)}"`;
  const [first] = results;
  if (first === 'isolated') return `${open}/>`;
  const inside = first === 'ignored' ? '<skipped/>' : `<failure message="${escaped(results.join('; '))}"/>`;
  return `${open}>${inside}</testcase>`;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, character => entities[character] ?? character);
}

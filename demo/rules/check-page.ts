/** Whether the page is served whole and guarded, and whether its access matrix foresees what the API does. */
import { isDeepStrictEqual } from 'node:util';
import type { demoData } from '../page-data';
import type { Verdict } from '../foresight';
import { answerIn, type Outcome } from './check-rules';
import type { Answer } from './expected';
import { rules, type Rule } from './table';

type DemoData = ReturnType<typeof demoData>;

export async function* checkPage(apiUrl: string, table: readonly Rule[] = rules): AsyncGenerator<Outcome> {
  yield* checkFiles(apiUrl);
  const data = (await (await fetch(`${apiUrl}/page/demo.json`)).json()) as DemoData;
  for (const [column, caller] of callers.entries())
    for (const route of routesIn(table))
      yield foresight(data, route, { caller, expected: verdictOf(table, route, column) });
}

/** The page, and all that it loads; nothing of it runs without a policy. */
async function* checkFiles(apiUrl: string): AsyncGenerator<Outcome> {
  const html = await textOf(apiUrl, '');
  for (const path of await filesOf(apiUrl, html)) yield file(apiUrl, path);
  const inline = /<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/.exec(html)?.[0] ?? 'nothing';
  yield outcome('GET / for scripts and styles in the page', { ...good, says: 'nothing' }, { ...good, says: inline });
}

/** What the page links to beside it, and what its modules import. */
async function filesOf(apiUrl: string, html: string): Promise<ReadonlySet<string>> {
  const found = new Set(['', ...namesIn(html, / (?:src|href)="([\w-]+\.(?:css|js|svg))"/g)]);
  for (const path of found)
    if (path.endsWith('.js'))
      for (const name of namesIn(await textOf(apiUrl, path), / from '\.\/([\w-]+\.js)'/g)) found.add(name);
  return found;
}

function namesIn(text: string, link: RegExp): readonly string[] {
  return [...text.matchAll(link)].map(([, name]) => name!);
}

async function textOf(apiUrl: string, path: string): Promise<string> {
  return (await fetch(`${apiUrl}/${path}`)).text();
}

async function file(apiUrl: string, path: string): Promise<Outcome> {
  const response = await fetch(`${apiUrl}/${path}`);
  const [first = 'no policy'] = (response.headers.get('content-security-policy') ?? '').split(';');
  return outcome(`GET /${path}`, { ...good, says: "default-src 'none'" }, { ...answerIn(response), says: first });
}

const good: Answer = { status: 200, challenge: null, saysWhenAgain: false };

function outcome(request: string, expected: Answer, got: Answer, name = 'a browser'): Outcome {
  return { request, caller: { name, scopes: [] }, expected, got, passed: isDeepStrictEqual(got, expected) };
}

/** The columns of the table of rules. */
const callers = ['anonymous', 'bob', 'alice', 'machine'];

function foresight(
  { routes }: DemoData,
  route: string,
  { caller, expected }: { readonly caller: string; readonly expected: Verdict },
): Outcome {
  const got = routes.find(({ method, path }) => `${method} ${path}` === route)?.foreseen[caller];
  return outcome(`${route} in the matrix`, { ...good, says: expected }, { ...good, says: got ?? 'nothing' }, caller);
}

/** The routes of the table, as the page names them; of HEAD it has no row. */
function routesIn(table: readonly Rule[]): readonly string[] {
  const names = table.map(([request]) => routeOf(request)).filter(name => !name.startsWith('HEAD '));
  return [...new Set(names)];
}

function routeOf(request: string): string {
  return request.replace(/\/(?:\{\w+'s\}|0)(?=\/|$)/, '/:id');
}

/** Where one caller is let in to one object and not to another, the object decides for every caller with a token. */
function verdictOf(table: readonly Rule[], route: string, column: number): Verdict {
  const rows = table.filter(([request]) => routeOf(request) === route).map(([, statuses]) => statuses.map(isLetIn));
  const isByObject = callers.some((_, index) => new Set(rows.map(row => row[index])).size > 1);
  if (isByObject && callers[column] !== 'anonymous') return 'depends';
  return rows.every(row => row[column]) ? 'allows' : 'refuses';
}

function isLetIn(status: number): boolean {
  return status !== 401 && status !== 403;
}

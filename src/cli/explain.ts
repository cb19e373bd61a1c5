/** `axioms explain`: shows how a request would be decided, and by which rule. */
import { parseArgs } from 'node:util';
import { inWords } from '../core/requirements/words';
import type { Answer, CompositionReason, PermissionReason, Reason } from '../permissions/explanation';
import { decide, type AskedRequest, type Decision } from '../routing-controllers/explaining';
import { createExpressServer } from '../routing-controllers/server';
import type { AxiomsServer } from '../routing-controllers/start/axioms-server';
import { closeAll, loadApp, type Exported } from './app-module';
import type { Command } from './command';
import { progressOn } from './progress';
import { painter, printable, type Color, type Paint, type Terminal } from './terminal';
import { readToken } from './token-source';
import { UsageError } from './usage-error';

const options = {
  token: { type: 'string' },
  header: { type: 'string', multiple: true, default: [] as string[] },
  data: { type: 'string' },
  json: { type: 'boolean', default: false },
  export: { type: 'string' },
} as const;

export const explain: Command = {
  name: 'explain',
  options,
  usage:
    "explain app.js [--token TOKEN|-] [--header 'Name: value'] [--data JSON] [--json] [--export NAME] METHOD /path",
  summary:
    'What the rules say to a request, each permission with what it needs and what of that is there. No middleware and no handler runs. Exit code 1: it would be refused.',
  async run(parameters, terminal) {
    const { values, positionals } = parseArgs({ args: [...parameters], options, allowPositionals: true });
    const [file, method, path, ...others] = positionals;
    if (file === undefined || method === undefined || path?.startsWith('/') !== true || others.length > 0)
      throw new UsageError('Name the file that exports the app, a method and a path, such as GET /books/1.');
    const asked = { method: method.toUpperCase(), path, ...(await sent(values, terminal)) };
    const decision = await decided(await loadApp(file, values.export, terminal), asked, terminal);
    terminal.write(
      values.json ? `${JSON.stringify(decision ?? null, null, 2)}\n` : inText(decision, asked, painter(terminal)),
    );
    return decision?.isAllowed === true ? 0 : 1;
  },
};

interface Sent {
  readonly token?: string | undefined;
  readonly header: readonly string[];
  readonly data?: string | undefined;
}

async function sent(
  { token, header, data }: Sent,
  terminal: Terminal,
): Promise<Pick<AskedRequest, 'headers' | 'body'>> {
  const headers = header.map(line => /^([\w-]+): *(.*)$/.exec(line)?.slice(1) ?? wrongHeader(line));
  const bearer = token === undefined ? [] : [['Authorization', `Bearer ${await readToken(token, terminal)}`]];
  const json = data === undefined ? [] : [['Content-Type', 'application/json']];
  return { headers: Object.fromEntries([...json, ...headers, ...bearer]) as Record<string, string>, body: data };
}

function wrongHeader(line: string): never {
  throw new UsageError(`--header '${line.split(':')[0] ?? ''}' must read 'Name: value'.`);
}

async function decided(found: Exported, asked: AskedRequest, terminal: Terminal): Promise<Decision | undefined> {
  const servers = found.kind === 'server' ? found.servers : [serverOf(found)];
  try {
    return await progressOn(terminal)('waiting for the decision', () => decide(servers, asked));
  } finally {
    closeAll(servers);
  }
}

function serverOf({ options: given }: Exported & { kind: 'options' }): AxiomsServer {
  return createExpressServer(given).locals.axioms as AxiomsServer;
}

function inText(decision: Decision | undefined, { method, path }: AskedRequest, paint: Paint): string {
  const title = `${method} ${printable(path)}`;
  if (decision === undefined) return `${paint('bold', title)}\n${paint('red', 'No route takes it.')}\n`;
  const { route, explanation } = decision;
  const lines = [
    `${paint('bold', title)}  →  ${route.handler} (${route.method} ${route.path})`,
    `caller: ${explanation.isAuthenticated ? 'authenticated' : 'anonymous'}`,
    ...explanation.rules.flatMap(rule => reasonLines(rule, 0, paint)),
    ...(explanation.rules.length === 0 ? [paint('dim', '  no permission was asked')] : []),
    outcome(decision, paint),
    ...decision.challenges.map(challenge => paint('dim', `WWW-Authenticate: ${challenge}`)),
  ];
  return `${lines.join('\n')}\n`;
}

function outcome({ isAllowed, isObjectPending, filter, status, error, reason }: Decision, paint: Paint): string {
  const pending = isObjectPending ? ', and the handler must ask about the object' : '';
  const listed = filter === undefined ? '' : `, and the list has: ${printable(filter)}`;
  if (isAllowed) return paint('green', `✓ allowed${pending}${listed}`);
  return paint('red', `✗ refused: ${[status, error].filter(Boolean).join(' ')} (${printable(reason ?? '')})`);
}

const looks: Readonly<Record<Answer, readonly [mark: string, color: Color]>> = {
  allows: ['✓', 'green'],
  refuses: ['✗', 'red'],
  'depends on the object': ['?', 'yellow'],
  'was not asked': ['·', 'dim'],
};

function reasonLines(reason: Reason, depth: number, paint: Paint): readonly string[] {
  const [mark, color] = looks[reason.answer];
  const text = isComposition(reason) ? `${reason.operator}  ${reason.answer}` : permissionText(reason);
  const line = `${'  '.repeat(depth + 1)}${paint(color, `${mark} ${text}`)}`;
  return [line, ...(isComposition(reason) ? reason.of.flatMap(one => reasonLines(one, depth + 1, paint)) : [])];
}

function isComposition(reason: Reason): reason is CompositionReason {
  return 'operator' in reason;
}

function permissionText({ permission, answer, needed, there, unmet }: PermissionReason): string {
  const grants = there.length > 0 ? `; there: ${there.join(', ')}` : '';
  const missing = unmet.length > 0 ? `; unmet: ${unmet.map(inWords).join(', ')}` : '';
  return `${permission}  ${answer}  (needs ${inWords(needed)}${grants}${missing})`;
}

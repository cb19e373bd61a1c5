/**
 * `axioms doctor`: checks everything that the verification of tokens depends on, and how a given token would be judged.
 */
import { parseArgs } from 'node:util';
import { settingsFromEnv, defineSettings } from '../core/settings/define-settings';
import type { Settings } from '../core/settings/settings';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { AxiomsServer } from '../routing-controllers/start/axioms-server';
import { closeAll, loadApp } from './app-module';
import type { Command } from './command';
import { examine, type Check, type ProvenRequest, type State, type Surroundings } from './examination';
import { progressOn, unseen } from './progress';
import { painter, printable, type Color, type Paint, type Terminal } from './terminal';
import { readCredentials } from './token-source';
import { UsageError } from './usage-error';

const options = {
  token: { type: 'string' },
  proof: { type: 'string', multiple: true, default: [] as string[] },
  method: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
  export: { type: 'string' },
  server: { type: 'string' },
} as const;

export const doctor: Command = {
  name: 'doctor',
  options,
  usage:
    'doctor [app.js] [--token TOKEN|- [--proof PROOF|- [--method METHOD] [--url URL|/path]]] [--json] [--export NAME] [--server NUMBER]',
  summary:
    'Settings (of the app, or else of the AXIOMS_* variables), discovery, keys, clock, and what a token and its DPoP proof would meet: each check, expected and seen, and what to do about one that failed. Uses no proof up. Exit code 1: one failed.',
  async run(parameters, terminal) {
    const { values, positionals } = parseArgs({ args: [...parameters], options, allowPositionals: true });
    if (positionals.length > 1) throw new UsageError('Name at most one file that exports the app.');
    const request = await requestOf(values, terminal);
    const checks = await diagnose(() => settingsOf(positionals[0], values, terminal), request, {
      ...present,
      progress: progressOn(terminal),
    });
    const isGood = checks.every(({ state }) => state !== 'failed');
    terminal.write(
      values.json ? `${JSON.stringify({ ok: isGood, checks }, null, 2)}\n` : inText(checks, painter(terminal)),
    );
    return isGood ? 0 : 1;
  },
};

interface Given {
  readonly token?: string | undefined;
  readonly proof: readonly string[];
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

async function requestOf({ token, proof, method, url }: Given, terminal: Terminal): Promise<ProvenRequest | undefined> {
  if (token !== undefined)
    return { ...(await readCredentials({ token, proof }, terminal)), method: method?.toUpperCase(), url };
  if (proof.length > 0) throw new UsageError('A proof belongs to an access token: add --token.');
  return undefined;
}

const present: Surroundings = {
  fetch: (...request) => globalThis.fetch(...request),
  clock: () => Date.now(),
  progress: unseen,
};

/** Runs all checks. The settings come first, because without them there is nothing else to check. */
export async function diagnose(
  readSettings: () => Promise<Settings>,
  request: ProvenRequest | undefined,
  surroundings: Surroundings = present,
): Promise<readonly Check[]> {
  const expected = 'an audience, and an issuer or where its keys are';
  try {
    const settings = await readSettings();
    const audience = [...new Set((settings.issuers ?? [settings]).flatMap(one => one.audience))].join(', ');
    const first: Check = { name: 'settings', state: 'ok', expected, seen: `audience ${audience}` };
    return [first, ...(await examine(settings, request, surroundings))];
  } catch (error) {
    if (!(error instanceof ImproperlyConfigured)) throw error;
    return [{ name: 'settings', state: 'failed', expected, seen: error.message, remedy: remedyOfSettings }];
  }
}

const remedyOfSettings = "correct this setting: in the option 'axioms' of the server, or in the AXIOMS_* variables";

interface Named {
  readonly export?: string | undefined;
  readonly server?: string | undefined;
}

async function settingsOf(file: string | undefined, named: Named, terminal: Terminal): Promise<Settings> {
  const { env } = terminal;
  if (file === undefined) return defineSettings(settingsFromEnv(env));
  const found = await loadApp(file, named.export, terminal);
  if (found.kind === 'options') return defineSettings(found.options.axioms ?? settingsFromEnv(env));
  closeAll(found.servers);
  return serverNamed(found.servers, named.server, file).settings;
}

function serverNamed(servers: readonly AxiomsServer[], number: string | undefined, file: string): AxiomsServer {
  const server = number === undefined && servers.length > 1 ? undefined : servers[Number(number ?? 1) - 1];
  if (server !== undefined) return server;
  throw new UsageError(
    `The app of ${file} has ${servers.length} server${servers.length > 1 ? 's' : ''}: name one by its number, --server 1${servers.length > 1 ? ` to --server ${servers.length}` : ''}, in the order of useExpressServer().`,
  );
}

const looks: Readonly<Record<State, readonly [mark: string, color: Color]>> = {
  ok: ['✓', 'green'],
  failed: ['✗', 'red'],
  doubtful: ['!', 'yellow'],
  skipped: ['·', 'dim'],
};

function inText(checks: readonly Check[], paint: Paint): string {
  const lines = checks.flatMap(check => {
    const [mark, color] = looks[check.state];
    return [
      paint(color, `${mark} ${printable(check.name)}`),
      `    expected  ${printable(check.expected)}`,
      `    seen      ${printable(check.seen)}`,
      ...(check.state === 'failed' ? [`    do        ${printable(check.remedy)}`] : []),
    ];
  });
  const failed = checks.filter(({ state }) => state === 'failed').length;
  const sum =
    failed === 0 ? paint('green', 'All is well.') : paint('red', `${failed} of ${checks.length} checks failed.`);
  return `${[...lines, sum].join('\n')}\n`;
}

/** `axioms routes`: shows who may do what, and whether a route is more open than in a snapshot. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { auditRoutes } from '../routing-controllers/server';
import { auditTable, type RouteAudit } from '../views/start/audit';
import { closeAll, loadApp, type Exported } from './app-module';
import type { Command } from './command';
import { openings, readSnapshot, snapshotOf, type Change } from './snapshot';
import { painter, type Terminal } from './terminal';
import { UsageError } from './usage-error';

const options = {
  json: { type: 'boolean', default: false },
  check: { type: 'string' },
  write: { type: 'string' },
  update: { type: 'boolean', default: false },
  export: { type: 'string' },
} as const;

export const routes: Command = {
  name: 'routes',
  options,
  usage: 'routes app.js [--json] [--check snapshot.json [--update]] [--write snapshot.json] [--export NAME]',
  summary:
    'Who may do what. --check fails on a route that is more open than in the snapshot, or new and open to anyone; --write (or --check with --update) writes the snapshot.',
  async run(parameters, terminal) {
    const { values, positionals } = parseArgs({ args: [...parameters], options, allowPositionals: true });
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0) throw new UsageError('Name one file that exports the app.');
    if (values.update && values.check === undefined) throw new UsageError('--update needs --check snapshot.json.');
    const audits = auditOf(await loadApp(file, values.export, terminal));
    const target = values.write ?? (values.update ? values.check : undefined);
    if (target !== undefined) return write(target, audits, terminal);
    if (values.check !== undefined) return check(values.check, audits, values.json, terminal);
    terminal.write(values.json ? `${JSON.stringify(audits, null, 2)}\n` : `${auditTable(audits)}\n`);
    return 0;
  },
};

function auditOf(exported: Exported): readonly RouteAudit[] {
  if (exported.kind === 'options') return auditRoutes(exported.options);
  closeAll(exported.servers);
  return exported.server.audit();
}

async function write(file: string, audits: readonly RouteAudit[], terminal: Terminal): Promise<number> {
  await writeFile(file, snapshotOf(audits));
  terminal.write(`${audits.length} routes written to ${file}.\n`);
  return 0;
}

async function check(
  file: string,
  audits: readonly RouteAudit[],
  isJson: boolean,
  terminal: Terminal,
): Promise<number> {
  const changes = openings(readSnapshot(await contentOf(file), file), audits);
  const isGood = changes.every(change => !needsReading(change));
  terminal.write(isJson ? `${JSON.stringify({ ok: isGood, changes }, null, 2)}\n` : inText(changes, file, terminal));
  return isGood ? 0 : 1;
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new UsageError(`There is no snapshot ${file} that can be read: write it with --write ${file}.`);
  }
}

function inText(changes: readonly Change[], file: string, terminal: Terminal): string {
  const paint = painter(terminal);
  const lines = changes.map(change => {
    const { route, what, before, now } = change;
    return [
      `${needsReading(change) ? paint('red', '✗') : paint('dim', '·')} ${route}: ${what}`,
      ...(before === undefined ? [] : [`    before: ${before}`]),
      ...(now === undefined ? [] : [`    now:    ${now}`]),
    ].join('\n');
  });
  const good = `${paint('green', '✓')} No route is more open than in ${file}.`;
  return `${[...lines, changes.some(needsReading) ? sumOf(changes, file) : good].join('\n')}\n`;
}

/** Tells whether a change admits more callers, or may do so. */
function needsReading({ isOpening, isCompared }: Change): boolean {
  return isOpening || !isCompared;
}

function sumOf(changes: readonly Change[], file: string): string {
  const unknown = changes.filter(({ isCompared }) => !isCompared).length;
  const openings = changes.filter(({ isOpening, isCompared }) => isOpening && isCompared).length;
  const counts = [
    ...(openings > 0 ? [`${openings} of the changes let somebody in.`] : []),
    ...(unknown > 0 ? [`Of ${unknown} of the changes it is not known whether they let somebody in.`] : []),
  ];
  return `${counts.join(' ')} If that is meant, write the snapshot anew: --check ${file} --update.`;
}

/** The app that a file exports. */
import type { AxiomsServer, AxiomsServerOptions } from '../routing-controllers/start/axioms-server';
import { serversOf as knownServersOf } from '../routing-controllers/start/serving';
import { loadExport, type Wanted } from './module';
import { UsageError } from './usage-error';

/** What a file exports: a server that was made, or the options to make one. */
export type Exported =
  | {
      readonly kind: 'server';
      readonly app: object;
      /** The last one; its audit has the routes of all. */
      readonly server: AxiomsServer;
      /** Every server of the app, in the order in which they were made. */
      readonly servers: readonly AxiomsServer[];
    }
  | { readonly kind: 'options'; readonly options: AxiomsServerOptions };

/** The exports that are looked for, in this order. */
export const exportNames = ['default', 'app', 'options', 'createApp'] as const;

const whatToExport =
  'Export an app of createExpressServer or useExpressServer, its options, or a function that returns either; --export names another export.';

const wanted: Wanted = { names: exportNames, isCandidate, whatToExport };

/**
 * Loads a JavaScript file that exports an app of ours, the options for one, or a function that returns either.
 *
 * @param name the export; default: the first of {@link exportNames} that there is
 * @throws UsageError where there is none.
 */
export async function loadApp(file: string, name: string | undefined): Promise<Exported> {
  return exported(await loadExport(file, name, wanted), file);
}

// What CommonJS exports by its name stands beside a default export that only holds it.
function isCandidate(value: unknown): boolean {
  return (
    typeof value === 'function' ||
    serverOf(value) !== undefined ||
    (typeof value === 'object' && value !== null && Object.hasOwn(value, 'controllers'))
  );
}

function exported(value: unknown, file: string): Exported {
  const server = serverOf(value);
  if (server !== undefined) return { kind: 'server', app: value as object, server, servers: serversOf(value, server) };
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'controllers'))
    return { kind: 'options', options: value };
  throw new UsageError(`What ${file} exports is neither an app of ours nor options with controllers. ${whatToExport}`);
}

// Another copy of the library does not know the app.
function serversOf(app: unknown, last: AxiomsServer): readonly AxiomsServer[] {
  const known = knownServersOf(app as object).map(({ server }) => server);
  return known.length === 0 ? [last] : known;
}

/** Lets the process end by itself. */
export function closeAll(servers: readonly AxiomsServer[]): void {
  for (const server of servers) server.close();
}

function serverOf(value: unknown): AxiomsServer | undefined {
  const { locals } = (value ?? {}) as { readonly locals?: { readonly axioms?: AxiomsServer } };
  return locals?.axioms;
}

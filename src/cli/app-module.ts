/** Loads the app that a file exports. */
import type { AxiomsServer, AxiomsServerOptions } from '../routing-controllers/start/axioms-server';
import { serversOf as knownServersOf } from '../routing-controllers/start/serving';
import { loadExport, type Wanted } from './module';
import { progressOn } from './progress';
import type { Terminal } from './terminal';
import { UsageError } from './usage-error';

/** The export of a file: an app with its servers, or options. */
export type Exported =
  | {
      readonly kind: 'server';
      readonly app: object;
      /** The last server of the app. Its audit has the routes of all servers. */
      readonly server: AxiomsServer;
      /** Every server of the app, in the order of creation. */
      readonly servers: readonly AxiomsServer[];
    }
  | { readonly kind: 'options'; readonly options: AxiomsServerOptions };

/** The names of exports that are tried, in this order. */
export const exportNames = ['default', 'app', 'options', 'createApp'] as const;

const whatToExport =
  'Export an app of createExpressServer or useExpressServer, its options, or a function that returns either; --export names another export.';

const wanted: Wanted = { names: exportNames, isCandidate, whatToExport };

/**
 * Loads a JavaScript file that exports an app of this library, the options for one, or a function that returns either.
 *
 * @param name the name of the export; default: the first of {@link exportNames} that exists
 * @throws UsageError if there is no such export.
 */
export async function loadApp(file: string, name: string | undefined, terminal: Terminal): Promise<Exported> {
  return exported(await loadExport(file, name, wanted, progressOn(terminal)), file);
}

// Skips other values: in CommonJS the default export may only be the object that holds the named ones.
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

// Falls back to the last server if another copy of the library made the app, because this copy does not know it.
function serversOf(app: unknown, last: AxiomsServer): readonly AxiomsServer[] {
  const known = knownServersOf(app as object).map(({ server }) => server);
  return known.length === 0 ? [last] : known;
}

/** Closes the servers, so that the process can end by itself. */
export function closeAll(servers: readonly AxiomsServer[]): void {
  for (const server of servers) server.close();
}

function serverOf(value: unknown): AxiomsServer | undefined {
  const { locals } = (value ?? {}) as { readonly locals?: { readonly axioms?: AxiomsServer } };
  return locals?.axioms;
}

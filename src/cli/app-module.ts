/** The app that a file exports: loaded without letting it listen, print into our output, or keep the process. */
import { Server } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AxiomsServer, AxiomsServerOptions } from '../routing-controllers/server';
import { UsageError } from './usage-error';

/** What a file exports: a server that was made, or the options to make one. */
export type Exported =
  | { readonly kind: 'server'; readonly app: object; readonly server: AxiomsServer }
  | { readonly kind: 'options'; readonly options: AxiomsServerOptions };

/** The exports that are looked for, in this order. */
export const exportNames = ['default', 'app', 'options', 'createApp'] as const;

/**
 * Loads a JavaScript file that exports an app of ours, the options for one, or a function that returns either.
 *
 * @param name the export; default: the first of {@link exportNames} that there is
 * @throws UsageError where there is none.
 */
export async function loadApp(file: string, name: string | undefined): Promise<Exported> {
  const restore = holdStill();
  try {
    const module = await importFile(file);
    const found = name ?? exportNames.find(one => isCandidate(module[one]));
    const value = found === undefined ? undefined : module[found];
    if (value === undefined)
      throw new UsageError(`${file} exports no ${name ?? exportNames.join(', ')}. ${whatToExport}`);
    return exported(await called(value), file);
  } finally {
    restore();
  }
}

const whatToExport =
  'Export an app of createExpressServer or useExpressServer, its options, or a function that returns either; --export names another export.';

async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const module = (await importing(file)) as { readonly default?: { readonly __esModule?: unknown } };
  // CommonJS that was compiled from ESM has its default export one level down.
  return { ...(module.default?.__esModule === true ? module.default : module) };
}

async function importing(file: string): Promise<unknown> {
  const url = pathToFileURL(resolve(file)).href;
  try {
    return await import(url);
  } catch (error) {
    const { code, url: missing } = error as { code?: unknown; url?: unknown };
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && (missing === undefined || missing === url);
    throw isMissing
      ? new UsageError(`There is no file ${file}, or it imports one that is not there: ${(error as Error).message}`)
      : error;
  }
}

// What CommonJS exports by its name stands beside a default export that only holds it.
function isCandidate(value: unknown): boolean {
  return (
    typeof value === 'function' ||
    serverOf(value) !== undefined ||
    (typeof value === 'object' && value !== null && Object.hasOwn(value, 'controllers'))
  );
}

function called(value: unknown): unknown {
  return typeof value === 'function' && serverOf(value) === undefined ? (value as () => unknown)() : value;
}

function exported(value: unknown, file: string): Exported {
  const server = serverOf(value);
  if (server !== undefined) return { kind: 'server', app: value as object, server };
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'controllers'))
    return { kind: 'options', options: value };
  throw new UsageError(`What ${file} exports is neither an app of ours nor options with controllers. ${whatToExport}`);
}

function serverOf(value: unknown): AxiomsServer | undefined {
  const { locals } = (value ?? {}) as { readonly locals?: { readonly axioms?: AxiomsServer } };
  return locals?.axioms;
}

// The app's own start-up code runs in this process: what it prints is not what was asked for, and it is not to serve.
function holdStill(): () => void {
  const { listen } = Server.prototype;
  const { write } = process.stdout;
  Server.prototype.listen = function (this: Server) {
    process.stderr.write('axioms: the app listens where it is imported; the command line does not let it.\n');
    return this;
  } as typeof listen;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return () => {
    Server.prototype.listen = listen;
    process.stdout.write = write;
  };
}

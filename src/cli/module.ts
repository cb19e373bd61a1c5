/** A file of the app's own: imported, and one of its exports taken, without letting it listen, print into our output, or keep the process. */
import { Server } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from './usage-error';

/** What is looked for. */
export interface Wanted {
  /** Names of exports, in this order. */
  readonly names: readonly string[];
  /** Could an export with one of these names be it? */
  isCandidate(value: unknown): boolean;
  /** What to tell whoever has none. */
  readonly whatToExport: string;
}

/**
 * The export, or what it returns, where it is a plain function.
 *
 * @param name of the export; default: the first of the names that there is
 * @throws UsageError where there is none.
 */
export async function loadExport(file: string, name: string | undefined, wanted: Wanted): Promise<unknown> {
  const restore = holdStill();
  try {
    const module = await importFile(file);
    const found = name ?? wanted.names.find(one => wanted.isCandidate(module[one]));
    const value = found === undefined ? undefined : module[found];
    if (value === undefined)
      throw new UsageError(`${file} exports no ${name ?? wanted.names.join(', ')}. ${wanted.whatToExport}`);
    return await called(value);
  } finally {
    restore();
  }
}

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

function called(value: unknown): unknown {
  return typeof value === 'function' && !isExpress(value) ? (value as () => unknown)() : value;
}

// An app is a function, too: one that takes requests.
function isExpress(value: object): boolean {
  return Object.hasOwn(value, 'locals');
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

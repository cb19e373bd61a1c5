/**
 * Imports a file of the app and takes one of its exports. Meanwhile the app cannot listen, and cannot print into the
 * output of the command.
 */
import { existsSync } from 'node:fs';
import { Server } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unseen, type Progress } from './progress';
import { UsageError } from './usage-error';

/** Describes the export to look for. */
export interface Wanted {
  /** Names of exports to try, in this order. */
  readonly names: readonly string[];
  /** Tells whether the value of an export may be the one to look for. */
  isCandidate(value: unknown): boolean;
  /** Hint shown when no export fits. */
  readonly whatToExport: string;
}

/**
 * Imports a file and returns one of its exports. If that is a plain function, returns what it returns.
 *
 * @param name the name of the export; default: the first of the names that exists
 * @throws UsageError if there is no such file or export.
 */
export async function loadExport(
  file: string,
  name: string | undefined,
  wanted: Wanted,
  progress: Progress = unseen,
): Promise<unknown> {
  const restore = holdStill();
  try {
    return await progress(`loading ${file}`, () => exportOf(file, name, wanted));
  } finally {
    restore();
  }
}

async function exportOf(file: string, name: string | undefined, wanted: Wanted): Promise<unknown> {
  const module = await importFile(file);
  const found = name ?? wanted.names.find(one => wanted.isCandidate(module[one]));
  const value = found === undefined ? undefined : module[found];
  if (value === undefined)
    throw new UsageError(`${file} exports no ${name ?? wanted.names.join(', ')}. ${wanted.whatToExport}`);
  return called(value);
}

async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const module = (await importing(file)) as { readonly default?: { readonly __esModule?: unknown } };
  // CommonJS that was compiled from ESM has its exports one level down.
  return { ...(module.default?.__esModule === true ? module.default : module) };
}

async function importing(file: string): Promise<unknown> {
  const url = pathToFileURL(resolve(file)).href;
  try {
    return await import(url);
  } catch (error) {
    if (isTypeScript(file, error))
      throw new UsageError(
        `${file} is TypeScript, and the command imports a file as it is: compile it with tsc, and name the output, such as dist/app.js.`,
      );
    const { code, url: missing } = error as { code?: unknown; url?: unknown };
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && (missing === undefined || missing === url);
    throw isMissing
      ? new UsageError(`There is no file ${file}, or it imports one that is not there: ${(error as Error).message}`)
      : error;
  }
}

// Node without type stripping knows no such file. With it, Node can parse no decorators, and finds no ./other.js of another
// source.
function isTypeScript(file: string, error: unknown): boolean {
  const codes: readonly unknown[] = [
    'ERR_UNKNOWN_FILE_EXTENSION',
    'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
    'ERR_INVALID_TYPESCRIPT_SYNTAX',
    'ERR_MODULE_NOT_FOUND',
    'MODULE_NOT_FOUND',
  ];
  const isOfNode = error instanceof SyntaxError || codes.includes((error as { code?: unknown }).code);
  return /\.[cm]?tsx?$/.test(file) && existsSync(file) && isOfNode;
}

function called(value: unknown): unknown {
  return typeof value === 'function' && !isExpress(value) ? (value as () => unknown)() : value;
}

// An Express app is a function, too, and must not be called.
function isExpress(value: object): boolean {
  return Object.hasOwn(value, 'locals');
}

// The app's startup code runs in this process. Its output goes to stderr, and it must not start to serve.
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

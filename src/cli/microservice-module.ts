/** Loads the token microservice that a file exports. */
import type { Microservice } from '../microservice';
import { loadExport, type Wanted } from './module';
import { progressOn } from './progress';
import type { Terminal } from './terminal';
import { UsageError } from './usage-error';

const whatToExport =
  'Export what createMicroservice returned, as `microservice`, or a function that returns it; --export names another export.';

const wanted: Wanted = {
  names: ['microservice', 'default'],
  isCandidate: value => typeof value === 'function' || isMicroservice(value),
  whatToExport,
};

/**
 * Loads a JavaScript file that exports a microservice, or a function, async or not, that returns one. It may be the
 * same file as the app's.
 *
 * @param name the name of the export; default: `microservice`, then `default`
 * @throws UsageError if there is no such export.
 */
export async function loadMicroservice(
  file: string,
  name: string | undefined,
  terminal: Terminal,
): Promise<Microservice> {
  const value = await loadExport(file, name, wanted, progressOn(terminal));
  if (isMicroservice(value)) return value;
  throw new UsageError(`What ${file} exports is no microservice. ${whatToExport}`);
}

// Checks for methods, because the app may have its own copy of the library.
function isMicroservice(value: unknown): value is Microservice {
  const { rotateKeys, close } = Object(value) as Partial<Microservice>;
  return typeof rotateKeys === 'function' && typeof close === 'function';
}

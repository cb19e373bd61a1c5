/** For the run of the tests with AXIOMS_PLAIN=1, without caches and shortcuts. */
import { isPlain, plainWarning } from '../src/core/process/plain';

/** Leaves the tests of a describe pending where there is no cache that they could be about. */
export function onlyWithCaches(): void {
  beforeEach(function () {
    if (isPlain) this.skip();
  });
}

/** Returns what a process has written to stderr, without the line about AXIOMS_PLAIN. */
export function withoutPlainWarning(stderr: string): string {
  return isPlain ? stderr.replaceAll(`axioms: ${plainWarning}\n`, '') : stderr;
}

/** One mutant after the other, on each sandbox: does a test notice? */
import { inParallel } from './in-parallel.mjs';

/** A mutant that makes the tests hang is noticed, too. */
const patience = { factor: 4, least: 15_000 };

export class Trials {
  constructor(sandboxes, reach) {
    this.sandboxes = sandboxes;
    this.reach = reach;
  }

  async run(mutants, survived) {
    let done = 0;
    await inParallel(mutants, this.sandboxes, async (mutant, sandbox) => {
      if (await this.survives(mutant, sandbox)) survived(mutant);
      if (++done % 50 === 0) process.stderr.write(`${done} of ${mutants.length} …\n`);
    });
  }

  async survives(mutant, sandbox) {
    const tests = this.reach.testsOf(mutant);
    if (tests.length === 0) return true;
    const usual = tests.reduce((sum, { duration }) => sum + duration, 0);
    const time = Math.max(patience.least, patience.factor * usual);
    const files = tests.map(({ file }) => file);
    return sandbox.having(mutant.script, mutant.text, () => sandbox.run(files, time));
  }
}

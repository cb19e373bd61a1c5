/** One mutant after the other, on each sandbox: does a test notice? */
import { inParallel } from './in-parallel.mjs';
import { Tester } from './tester.mjs';

/** A mutant that makes the tests hang is noticed, too. */
const patience = { factor: 4, least: 20_000 };
const mutantsPerProcess = 25;

export class Trials {
  #sandboxes;
  #reach;
  #budget;

  constructor(sandboxes, reach, budget) {
    this.#budget = budget;
    this.#sandboxes = sandboxes;
    this.#reach = reach;
  }

  /**
   * @param end when no other mutant is begun, in milliseconds
   * @returns the mutants that were tried
   */
  async run(mutants, survived, end = Infinity) {
    const tried = [];
    await inParallel(chunks(mutants), this.#sandboxes, async (chunk, sandbox) => {
      const results = await this.#resultsOf(chunk, sandbox, end);
      for (const { mutant, isAlive } of results) if (isAlive) survived(mutant);
      tried.push(...results.map(({ mutant }) => mutant));
      process.stderr.write(`${tried.length} of ${mutants.length} …\n`);
    });
    return tried;
  }

  // All in one process, which is believed if the tests still pass in it at the end, without a mutant.
  async #resultsOf(chunk, sandbox, end) {
    if (Date.now() > end) return [];
    const tester = new Tester(sandbox.folder);
    const results = await this.#tried(chunk, mutant => this.#survives(mutant, sandbox, tester), end);
    const isSound = await this.#passes(chunk.at(-1), tester);
    await tester.stop();
    if (isSound) return results;
    const again = results.map(({ mutant }) => mutant);
    return this.#tried(again, mutant => this.#survivesAlone(mutant, sandbox), Infinity);
  }

  async #tried(chunk, survives, end) {
    const results = [];
    for (const mutant of chunk) if (Date.now() <= end) results.push({ mutant, isAlive: await survives(mutant) });
    return results;
  }

  #survives(mutant, sandbox, tester) {
    return sandbox.having(mutant.script, mutant.text, () => this.#passes(mutant, tester));
  }

  async #survivesAlone(mutant, sandbox) {
    const tester = new Tester(sandbox.folder);
    const isAlive = await this.#survives(mutant, sandbox, tester);
    await tester.stop();
    return isAlive;
  }

  async #passes(mutant, tester) {
    const tests = this.#reach.testsOf(mutant, this.#budget);
    const together = tests.filter(({ isAlone }) => !isAlone);
    if (together.length > 0 && !(await passed(together, tester))) return false;
    for (const test of tests.filter(({ isAlone }) => isAlone))
      if (!(await tester.alone(fresh => passed([test], fresh)))) return false;
    return true;
  }
}

async function passed(tests, tester) {
  const usual = tests.reduce((sum, { duration }) => sum + duration, 0);
  const time = Math.max(patience.least, patience.factor * usual);
  const files = tests.map(({ file }) => file);
  return (await tester.run(files, time)).isPassed;
}

function chunks(mutants) {
  const count = Math.ceil(mutants.length / mutantsPerProcess);
  return Array.from({ length: count }, (_, index) =>
    mutants.slice(index * mutantsPerProcess, (index + 1) * mutantsPerProcess),
  );
}

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
   * @param tell receives each mutant, whether it is alive, and the test that noticed it, where one did
   * @param end when no other mutant is begun, in milliseconds
   * @returns the mutants that were tried
   */
  async run(mutants, tell, end = Infinity) {
    const tried = [];
    await inParallel(chunks(mutants), this.#sandboxes, async (chunk, sandbox) => {
      const results = await this.#resultsOf(chunk, sandbox, end);
      results.forEach(tell);
      tried.push(...results.map(({ mutant }) => mutant));
      process.stderr.write(`${tried.length} of ${mutants.length} …\n`);
    });
    return tried;
  }

  // All in one process, which is believed if the tests still pass in it at the end, without a mutant.
  async #resultsOf(chunk, sandbox, end) {
    if (Date.now() > end) return [];
    const tester = new Tester(sandbox.folder);
    const results = await this.#tried(chunk, mutant => this.#resultOf(mutant, sandbox, tester), end);
    const { isAlive: isSound } = await this.#run(chunk.at(-1), tester);
    await tester.stop();
    if (isSound) return results;
    const again = results.map(({ mutant }) => mutant);
    return this.#tried(again, mutant => this.#resultAlone(mutant, sandbox), end);
  }

  async #tried(chunk, resultOf, end) {
    const results = [];
    for (const mutant of chunk) if (Date.now() <= end) results.push({ mutant, ...(await resultOf(mutant)) });
    return results;
  }

  #resultOf(mutant, sandbox, tester) {
    return sandbox.having(mutant.script, mutant.text, () => this.#run(mutant, tester));
  }

  async #resultAlone(mutant, sandbox) {
    const tester = new Tester(sandbox.folder);
    const result = await this.#resultOf(mutant, sandbox, tester);
    await tester.stop();
    return result;
  }

  async #run(mutant, tester) {
    const tests = this.#reach.testsOf(mutant, this.#budget);
    const together = tests.filter(({ isAlone }) => !isAlone);
    const result = together.length > 0 ? await outcomeOf(together, tester) : { isAlive: true };
    if (!result.isAlive) return result;
    for (const test of tests.filter(({ isAlone }) => isAlone)) {
      const alone = await tester.alone(fresh => outcomeOf([test], fresh));
      if (!alone.isAlive) return alone;
    }
    return result;
  }
}

async function outcomeOf(tests, tester) {
  const usual = tests.reduce((sum, { duration }) => sum + duration, 0);
  const time = Math.max(patience.least, patience.factor * usual);
  const files = tests.map(({ file }) => file);
  const { isPassed, failed } = await tester.run(files, time);
  return { isAlive: isPassed, test: failed };
}

function chunks(mutants) {
  const count = Math.ceil(mutants.length / mutantsPerProcess);
  return Array.from({ length: count }, (_, index) =>
    mutants.slice(index * mutantsPerProcess, (index + 1) * mutantsPerProcess),
  );
}

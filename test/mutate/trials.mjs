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

  async run(mutants, survived) {
    let done = 0;
    await inParallel(chunks(mutants), this.#sandboxes, async (chunk, sandbox) => {
      for (const mutant of await this.#survivorsOf(chunk, sandbox)) survived(mutant);
      done += chunk.length;
      process.stderr.write(`${done} of ${mutants.length} …\n`);
    });
  }

  // All in one process, which is believed if the tests still pass in it at the end, without a mutant.
  async #survivorsOf(chunk, sandbox) {
    const tester = new Tester(sandbox.folder);
    const survivors = await this.#tried(chunk, mutant => this.#survives(mutant, sandbox, tester));
    const isSound = await this.#passes(chunk.at(-1), tester);
    await tester.stop();
    return isSound ? survivors : this.#tried(chunk, mutant => this.#survivesAlone(mutant, sandbox));
  }

  async #tried(chunk, survives) {
    const survivors = [];
    for (const mutant of chunk) if (await survives(mutant)) survivors.push(mutant);
    return survivors;
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
    if (tests.length === 0) return true;
    const usual = tests.reduce((sum, { duration }) => sum + duration, 0);
    const time = Math.max(patience.least, patience.factor * usual);
    const files = tests.map(({ file }) => file);
    return (await tester.run(files, time)).isPassed;
  }
}

function chunks(mutants) {
  const count = Math.ceil(mutants.length / mutantsPerProcess);
  return Array.from({ length: count }, (_, index) =>
    mutants.slice(index * mutantsPerProcess, (index + 1) * mutantsPerProcess),
  );
}

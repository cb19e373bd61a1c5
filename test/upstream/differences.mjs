/** Tests that pass with routing-controllers itself and fail with this library. */
import { readFileSync } from 'node:fs';

const list = new URL('./expected-differences.json', import.meta.url);

export class Differences {
  /** What ends the run with 1, as lines. */
  faults = [];
  #expected;
  #known = new Set();

  /** @param expected by a test's name: the `reason`, and a piece of the `failure` */
  constructor(expected) {
    this.#expected = expected;
  }

  static read() {
    return new Differences(JSON.parse(readFileSync(list, 'utf8')));
  }

  /** Compares what passes on one Express. @returns the counts, as a line */
  compare(express, stock, ours) {
    const tests = [...stock].filter(([, failure]) => failure === undefined).map(([name]) => name);
    const failed = tests.filter(name => failureOf(name, ours) !== undefined);
    const unexpected = failed.filter(name => !this.#isExpected(name, failureOf(name, ours)));
    const outdated = tests.filter(name => Object.hasOwn(this.#expected, name) && !failed.includes(name));
    for (const name of tests) this.#known.add(name);
    this.#add(
      express,
      'differs',
      unexpected.map(name => `${name}\n${indented(failureOf(name, ours))}`),
    );
    this.#add(express, 'is listed, and does not differ', outdated);
    return [
      `Express ${express}: routing-controllers passes ${tests.length} of its ${stock.size} tests`,
      `this library passes ${tests.length - failed.length} of these ${tests.length}`,
      `${failed.length - unexpected.length} expected differences`,
      `${unexpected.length} unexpected differences`,
    ].join(', ');
  }

  /** Looks for listed names that no Express had. */
  checkNames() {
    const unknown = Object.keys(this.#expected).filter(name => !this.#known.has(name));
    for (const name of unknown) this.faults.push(`is listed, and routing-controllers passes no such test: ${name}`);
  }

  // A listed test that fails in another way has another reason.
  #isExpected(name, failure) {
    return Object.hasOwn(this.#expected, name) && failure.includes(this.#expected[name].failure);
  }

  #add(express, fault, names) {
    for (const name of names) this.faults.push(`Express ${express}, ${fault}: ${name}`);
  }
}

function failureOf(name, results) {
  if (results.has(name)) return results.get(name);
  const others = [...results].filter(([other, failure]) => fileOf(other) === fileOf(name) && failure !== undefined);
  return ['It did not run.', ...others.flat()].join('\n');
}

function fileOf(name) {
  return name.split(':')[0];
}

function indented(text) {
  return text.replace(/^/gm, '    ');
}

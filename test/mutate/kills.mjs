/**
 * Which test noticed which mutant, in test/mutate-kills.json: so a run over all mutants may take several parts. An entry counts
 * as long as neither the mutant's file nor the test changes. Another file of the package may make a difference all the same,
 * so CI tries its mutants without this list.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../mutate-kills.json', import.meta.url));

export class Kills {
  #sandbox;
  #byName;

  constructor(sandbox, byName) {
    this.#sandbox = sandbox;
    this.#byName = byName;
  }

  /** @param sandbox has the tests as they are now */
  static read(sandbox) {
    return new Kills(sandbox, existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});
  }

  has(mutant) {
    const [test, hash] = this.#byName[mutant.name] ?? [];
    return test !== undefined && existsSync(this.#sandbox.path(test)) && hash === this.#hashOf(mutant, test);
  }

  add(mutant, test) {
    this.#byName[mutant.name] = [test, this.#hashOf(mutant, test)];
  }

  /** Keeps what mutants of today have, one line for each. */
  write(mutants) {
    const names = mutants
      .map(({ name }) => name)
      .filter(name => Object.hasOwn(this.#byName, name))
      .sort();
    const lines = names.map(name => `  ${JSON.stringify(name)}: ${JSON.stringify(this.#byName[name])}`);
    writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
  }

  #hashOf({ text }, test) {
    const hash = createHash('sha256').update(text);
    return hash
      .update(readFileSync(this.#sandbox.path(test), 'utf8'))
      .digest('base64url')
      .slice(0, 16);
  }
}

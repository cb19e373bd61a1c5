/**
 * Which test noticed which mutant, for as long as neither the mutant's file nor the test changes. Another file of the
 * package may make a difference all the same: this is for work in progress, and CI tries every mutant.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../../node_modules/.cache/mutate/kills.json', import.meta.url));

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
    const { test, hash } = this.#byName[mutant.name] ?? {};
    return test !== undefined && existsSync(this.#sandbox.path(test)) && hash === this.#hashOf(mutant, test);
  }

  add(mutant, test) {
    this.#byName[mutant.name] = { test, hash: this.#hashOf(mutant, test) };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(this.#byName, undefined, 1));
  }

  #hashOf({ text }, test) {
    const hash = createHash('sha256').update(text);
    return hash.update(readFileSync(this.#sandbox.path(test), 'utf8')).digest('hex');
  }
}

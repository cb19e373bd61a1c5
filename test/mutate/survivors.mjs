/** The mutants that no test notices; those of test/mutate-survivors.json may live. */
import { readFileSync } from 'node:fs';

const list = new URL('../mutate-survivors.json', import.meta.url);

export class Survivors {
  unlisted = [];
  #listed = [];
  #reasons;

  /** @param reasons by a mutant's name */
  constructor(reasons) {
    this.#reasons = reasons;
  }

  static read() {
    return new Survivors(JSON.parse(readFileSync(list, 'utf8')));
  }

  add(mutant) {
    const isListed = Object.hasOwn(this.#reasons, mutant.name);
    (isListed ? this.#listed : this.unlisted).push(mutant);
    if (!isListed) console.log(`survived: src/${mutant.file}:${mutant.line}  ${mutant.name}`);
  }

  /** What the list has too much: names that no mutant of `all` has, or one of `mutants` that a test noticed. */
  outdated(all, mutants) {
    const [names, tried, survived] = [all, mutants, this.#listed].map(some => new Set(some.map(({ name }) => name)));
    const isNoticed = name => tried.has(name) && !survived.has(name);
    return Object.keys(this.#reasons).filter(name => !names.has(name) || isNoticed(name));
  }

  summary(mutants) {
    const survived = this.unlisted.length;
    const listed = this.#listed.length;
    return `${mutants.length - survived - listed} killed, ${survived} survived, ${listed} listed`;
  }
}

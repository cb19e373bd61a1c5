/** Cases that take long. Where `SAMPLE_OF` is set, as in `.ci/run`, a third of them runs, which its value decides. */
import { hash } from 'node:crypto';

const seed = process.env.SAMPLE_OF;

export function sampled<Case>(cases: readonly Case[], nameOf: (one: Case) => string = String): readonly Case[] {
  if (seed === undefined) return cases;
  return cases.filter(one => Number.parseInt(hash('sha256', `${seed} ${nameOf(one)}`).slice(0, 2), 16) % 3 === 0);
}

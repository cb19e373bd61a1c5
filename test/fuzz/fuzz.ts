/** Runs targets with inputs that a seed decides, batch after batch, until the time is up. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import type { Target } from './target';

export interface Fuzzing {
  readonly targets: readonly Target[];
  readonly seed: string;
  /** How long to run; the batch that has begun is finished. */
  readonly minutes: number;
  /** Run this batch alone: with the seed, it repeats a failure. */
  readonly batch?: number | undefined;
  /** Where the number of finished batches is kept, to resume. */
  readonly stateFile: string;
  readonly resumes: boolean;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly say: (text: string) => void;
}

export interface Found {
  readonly target: string;
  readonly batch: number;
}

const casesInABatch = 200;

/** Returns what was found. A target that failed is left out of later batches. */
export async function fuzz(fuzzing: Fuzzing): Promise<readonly Found[]> {
  const { minutes, batch, clock } = fuzzing;
  if (batch !== undefined) return runBatch(fuzzing, fuzzing.targets, batch);
  const end = clock() + minutes * 60_000;
  const found: Found[] = [];
  let next = fuzzing.resumes ? finishedBatches(fuzzing) : 0;
  do {
    const targets = fuzzing.targets.filter(({ name }) => !found.some(({ target }) => target === name));
    if (targets.length === 0) break;
    found.push(...(await runBatch(fuzzing, targets, next)));
    keepFinished(fuzzing, ++next);
  } while (clock() < end);
  fuzzing.say(`${next} batches of ${casesInABatch} cases for each of ${fuzzing.targets.length} targets are finished.`);
  return found;
}

async function runBatch(fuzzing: Fuzzing, targets: readonly Target[], batch: number): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const target of targets) {
    const report = await failureOf(target, seedOf(fuzzing.seed, target, batch));
    if (report === undefined) continue;
    found.push({ target: target.name, batch });
    fuzzing.say(reportText(target, report, fuzzing, batch));
  }
  return found;
}

async function failureOf({ property }: Target, seed: number): Promise<string | undefined> {
  const details = await fc.check(property, { seed, numRuns: casesInABatch });
  if (!details.failed) return undefined;
  return `${await fc.asyncDefaultReportMessage(details)}\n${String(details.errorInstance)}`;
}

function reportText({ name }: Target, report: string, { seed }: Fuzzing, batch: number): string {
  return `FOUND by ${name}\n${report}\nTo repeat it: npm run fuzz -- --seed ${seed} --batch ${batch} --only '${name}'`;
}

/** Another one for each target and batch, so that every batch has new inputs. */
function seedOf(seed: string, { name }: Target, batch: number): number {
  return createHash('sha256')
    .update(JSON.stringify([seed, name, batch]))
    .digest()
    .readInt32BE(0);
}

function finishedBatches({ stateFile }: Fuzzing): number {
  if (!existsSync(stateFile)) return 0;
  const { finished } = JSON.parse(readFileSync(stateFile, 'utf8')) as { readonly finished: number };
  return finished;
}

function keepFinished({ stateFile }: Fuzzing, finished: number): void {
  mkdirSync(dirname(stateFile), { recursive: true });
  writeFileSync(stateFile, JSON.stringify({ finished }));
}

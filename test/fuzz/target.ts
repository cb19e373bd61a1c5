/** What a target of the fuzzer is, and texts that are nearly right. */
import { expect } from 'chai';
import fc from 'fast-check';

/** A parser, and what must hold for every input. */
export interface Target {
  /** Such as `header: Bearer`. */
  readonly name: string;
  readonly property: fc.IRawProperty<unknown>;
}

/** Makes a target. The check throws if something does not hold. */
export function target<Input>(name: string, inputs: fc.Arbitrary<Input>, check: (input: Input) => unknown): Target {
  const property = fc.asyncProperty(inputs, async input => {
    await check(input);
  });
  return { name, property: property };
}

/** A class of errors. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * Returns what `parse` returns, or `undefined` if it refuses the input.
 *
 * @throws whatever it throws that is not of this class
 */
export function parsedOrRefused<Output>(refusal: ErrorClass, parse: () => Output): Output | undefined {
  const before = process.cpuUsage();
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof refusal)) throw error;
    return undefined;
  } finally {
    requireQuick(before);
  }
}

const longestMilliseconds = 500;

// The time of this process: a busy machine costs nothing.
function requireQuick(before: NodeJS.CpuUsage): void {
  const { user } = process.cpuUsage(before);
  expect(user / 1000, 'milliseconds that the parser took').to.be.below(longestMilliseconds);
}

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/** Returns texts that differ from valid ones in a few places. `pieces` are what the grammar is made of. */
export function mutated(valid: fc.Arbitrary<string>, ...pieces: readonly string[]): fc.Arbitrary<string> {
  const inserted = fc.oneof(
    fc.constantFrom('', ' ', '\t', ',', ';', '=', '"', '\\', '.', '\0', '\u00a0', '\u2028', '\ud800', ...pieces),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.tuple(fc.constantFrom(' ', 'a', '=', '\\', ...pieces), fc.nat(3000)).map(([text, times]) => text.repeat(times)),
  );
  const edit: fc.Arbitrary<Edit> = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat(3),
    insert: inserted,
  });
  return fc.tuple(valid, fc.array(edit, { maxLength: 4 })).map(([text, edits]) => edits.reduce(edited, text));
}

function edited(text: string, { at, remove, insert }: Edit): string {
  const start = Math.floor(at * text.length);
  return text.slice(0, start) + insert + text.slice(start + remove);
}

/** Names that mean something to JavaScript, and any others. */
export const names = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', ''),
  fc.string({ maxLength: 12 }),
);

/** Recognizes an object of which an answer has no telling text: only numbers, for example. */
import type { LoopbackAnswer } from '../loopback';
import { changeBetween, comparedForm, comparedNames, hasWord, isOfBody, partsOf } from './answers';
import { otherId, withoutText } from './requests';

/** Two answers to the same request: what differs between them is a clock or a random value. */
export type AnswerPair = readonly [LoopbackAnswer, LoopbackAnswer];

/** Answers with which the observer's answer about the owner's object is compared. */
export interface ObjectAnswers {
  readonly own: AnswerPair;
  /** To the observer, for an object that does not exist. */
  readonly missing: AnswerPair;
  /** To the observer, for an object of their own. */
  readonly mine: LoopbackAnswer | undefined;
}

type Ids = Readonly<Record<string, string>>;

/** Returns values of the same form that no object has. */
export function missingIds(ids: Ids): Ids {
  return Object.fromEntries(Object.entries(ids).map(([key, id], index) => [key, otherId(id, index)]));
}

/**
 * Returns where the observer's answer tells of the owner's object: it is the owner's own answer, apart from clocks and from
 * what names the caller, and it is not the answer for a missing object.
 */
export function placeOfSame(answer: LoopbackAnswer, answers: ObjectAnswers, ids: Ids): string | undefined {
  if (!isSame(plain(answer), answers, Object.values(ids))) return undefined;
  const [first, second] = answers.missing.map(one => repeating(one, missingIds(ids), ids)) as [...AnswerPair];
  return changeBetween(first, second, plain(answer));
}

function isSame(observed: LoopbackAnswer, { own, mine }: ObjectAnswers, ids: readonly string[]): boolean {
  const form = comparedForm([plain(own[0]), plain(own[1]), observed]);
  const [first, second, answer] = [form(plain(own[0])), form(plain(own[1])), form(observed)];
  const [expected, now] = [partsOf(second), partsOf(answer)];
  const names = comparedNames(first, second, answer);
  const others = names.filter(name => now.get(name) !== expected.get(name));
  if (others.length === 0) return names.some(isOfBody);
  const forCaller = mine && partsOf(form(mine));
  const isOfCaller = (name: string): boolean => forCaller !== undefined && forCaller.get(name) === now.get(name);
  const isRepeated = (name: string): boolean => ids.some(id => hasWord(now.get(name) ?? '', id));
  return others.every(isOfCaller) && names.some(name => isOfBody(name) && !isOfCaller(name) && !isRepeated(name));
}

/** Returns the answer with the ids of the other request: an answer that repeats its request tells nothing. */
function repeating(answer: LoopbackAnswer, from: Ids, to: Ids): LoopbackAnswer {
  const replaced = (one: LoopbackAnswer, key: string): LoopbackAnswer =>
    withoutText(one, from[key] ?? '', to[key] ?? '');
  return Object.keys(from).reduce(replaced, plain(answer));
}

/** Returns the answer without the header fields that follow from its body. */
function plain(answer: LoopbackAnswer): LoopbackAnswer {
  return withoutText(answer, '', '');
}

/** Compares answers, and finds texts of one caller in those of another. */
import type { LoopbackAnswer } from '../loopback';

/** Fields that differ between two answers to the same request. */
const changing =
  /^(?:date|connection|keep-alive|age|etag|content-length|server-timing|traceparent|retry-after|.*(?:request-?id|correlation-?id|response-time|ratelimit|trace-?id).*)$/;
/** Of these, what follows from the body. */
const ofBody = ['etag', 'content-length'];

/** Returns the texts of an answer by their place: `status`, a header field, or `body` with the path of a JSON value. */
export function partsOf({ status, headers, body }: LoopbackAnswer): ReadonlyMap<string, string> {
  const fields = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return new Map([['status', String(status)], ...fields, ...bodyParts(body)]);
}

function bodyParts(body: string): readonly (readonly [string, string])[] {
  const value = jsonOf(body);
  return value === undefined ? [['body', body]] : flattened(value, 'body');
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function flattened(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[path, JSON.stringify(value)]];
  return entries.flatMap(([name, one]) => flattened(one, `${path}.${name}`));
}

type Three = readonly [LoopbackAnswer, LoopbackAnswer, LoopbackAnswer];

/** Can the answers be compared although their text may change with each request? */
export function isComparable(answers: Three): boolean {
  return answers[0].body === answers[1].body || jsonOf(answers[1].body) !== undefined || isByWords(answers);
}

// Where most words stay, a text that grows has changed; otherwise it may be any text.
function isByWords(answers: Three): boolean {
  if (answers.some(({ body }) => jsonOf(body) !== undefined)) return false;
  const [one, two, now] = answers.map(({ body }) => wordsOf(body)) as [string[], string[], string[]];
  const kept = one.filter((word, index) => word === two[index]).length;
  return one.length === two.length && (now.length === one.length || kept * 2 >= one.length);
}

function wordsOf(body: string): string[] {
  return body.trim().split(/[\s,;:&<>"]+/);
}

function inWords(answer: LoopbackAnswer): LoopbackAnswer {
  return { ...answer, body: JSON.stringify(wordsOf(answer.body)) };
}

/** Returns the form in which the answers are compared: text by its words, so that a clock in it changes only one of them. */
export function comparedForm(answers: Three): (answer: LoopbackAnswer) => LoopbackAnswer {
  return isByWords(answers) ? inWords : answer => answer;
}

/**
 * Returns where the third answer differs from the second, and the second does not differ from the first: clocks and random
 * numbers differ each time.
 */
export function changeBetween(...answers: Three): string | undefined {
  const [first, second, third] = answers.map(comparedForm(answers)) as [...Three];
  const [two, now] = [partsOf(second), partsOf(third)];
  const changed = comparedNames(first, second, third).find(name => two.get(name) !== now.get(name));
  return changed === undefined ? undefined : placeOf(changed);
}

/** Returns the parts of the second and third answer that do not change by themselves. */
export function comparedNames(
  ...[first, second, third]: readonly [LoopbackAnswer, LoopbackAnswer, LoopbackAnswer]
): readonly string[] {
  const [one, two, now] = [partsOf(first), partsOf(second), partsOf(third)];
  const isStable = (name: string): boolean => one.get(name) === two.get(name);
  const hasStableBody = [...new Set([...one.keys(), ...two.keys()])].filter(isOfBody).every(isStable);
  const compared = (name: string): boolean => !changing.test(name) || (hasStableBody && ofBody.includes(name));
  return [...new Set([...two.keys(), ...now.keys()])].filter(name => compared(name) && isStable(name));
}

/** Is this the name of a part of the body? */
export function isOfBody(name: string): boolean {
  return name.startsWith('body');
}

function placeOf(name: string): string {
  return isOfBody(name) ? 'body' : name;
}

/** Returns where one of the texts stands in the answer, as a whole word. */
export function placeOfTexts(answer: LoopbackAnswer, texts: readonly string[]): string | undefined {
  for (const [name, part] of partsOf(answer))
    if (texts.some(text => hasWord(part, text) || hasWord(part, encodeURIComponent(text)))) return placeOf(name);
  return texts.some(text => hasWord(answer.body, text)) ? 'body' : undefined;
}

/** Returns the answer with only those objects of its body, or lines of its text, that have one of the words. */
export function onlyWith({ body }: LoopbackAnswer, words: readonly string[]): LoopbackAnswer {
  const isWith = (text: string): boolean => words.some(word => hasWord(text, word));
  return { status: 200, headers: {}, body: JSON.stringify(objectsWith(jsonOf(body) ?? body.split('\n'), isWith)) };
}

function objectsWith(value: unknown, isWith: (text: string) => boolean): readonly unknown[] {
  if (typeof value === 'string') return isWith(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  const members: readonly unknown[] = Object.values(value);
  const isObject = !Array.isArray(value) && members.some(one => typeof one === 'string' && isWith(one));
  return isObject ? [value] : members.flatMap(one => objectsWith(one, isWith));
}

/** Has the text this word, and not only as a part of another one? */
export function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const [before = '', behind = ''] = [text[at - 1], text[at + word.length]];
    if (!/[\p{L}\p{N}]/u.test(before) && !/[\p{L}\p{N}]/u.test(behind)) return true;
  }
  return false;
}

/** Returns the texts in a value of JSON by which an object can be recognized: not numbers, times and short words. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return isTelling(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Returns the texts of an answer. */
export function textsOf({ body }: LoopbackAnswer): readonly string[] {
  return bodyParts(body).flatMap(([, text]) => textsIn(text));
}

function isTelling(text: string): boolean {
  const isTime = /^\d{4}-\d\d-\d\d/.test(text);
  return text.length >= 4 && text.length <= 2_000 && !isTime && !/^[\d.,:+-]*$/.test(text);
}

/** Which rule words of a controller the policy classes read, so that startup finds rules that nothing reads. */
import type { ApiView } from './rule-words';

type Word = keyof ApiView;

/**
 * Whether a policy reads a rule word. `may`: a method of an app's class gets the controller, and nothing tells what it
 * reads.
 */
export type Reading = 'yes' | 'may' | 'no';

const wordsRead = new WeakMap<object, readonly Word[]>();
const readers = new Map<string, readonly string[]>();

const sharedMembers = new WeakSet<object>();

/** Declares that the class has members for several policies, of which one is tried at a time. They may go unread. */
export function allowUnread(controllerClass: object): void {
  sharedMembers.add(controllerClass);
}

/** Returns whether members of the controller class may go unread. */
export function mayBeUnread(controllerClass: object): boolean {
  return sharedMembers.has(controllerClass);
}

/** Declares that a class of this library reads exactly these words of a controller. Subclasses of it read them, too. */
export function readsWords(
  policyClass: { readonly name: string; readonly prototype: object },
  words: readonly Word[],
): void {
  wordsRead.set(policyClass.prototype, words);
  for (const word of words) readers.set(word, [...(readers.get(word) ?? []), policyClass.name]);
}

/** Returns the names of this library's classes that read the word. */
export function readersOf(word: string): readonly string[] {
  return readers.get(word) ?? [];
}

/**
 * Returns whether a policy reads a rule word.
 *
 * @param policy a permission or a throttle, or the prototype of its class
 */
export function readingOf(policy: object, word: string): Reading {
  if (namesWord(policy, word)) return 'yes';
  let found: Reading = 'no';
  for (let level: object | null = policy; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    const words = wordsRead.get(level);
    if (words !== undefined) return words.some(one => one === word) ? 'yes' : found;
    // A class of the app that reads the word names it. It may also pass the controller to code that does.
    if (Object.hasOwn(level, 'constructor') && String(level.constructor).includes(word)) return 'yes';
    if (getsController(level)) found = 'may';
  }
  return found;
}

// A prototype may lack what `members()` needs.
function namesWord(policy: { members?(): readonly string[] }, word: string): boolean {
  return !Object.hasOwn(policy, 'constructor') && policy.members?.().includes(word) === true;
}

// By how many parameters a method that gets the controller receives it.
const position: Readonly<Record<string, number>> = {
  hasPermission: 2,
  hasObjectPermission: 2,
  objectFilter: 2,
  requirement: 1,
  getScopes: 2,
  getRequiredAlternateScopes: 2,
  scopesFor: 1,
  allowRequest: 2,
  getCacheKey: 2,
  getRate: 2,
  scopeFor: 1,
  configuredRate: 1,
  checkConfiguration: 1,
};

function getsController(level: object): boolean {
  return Object.entries(position).some(([name, parameters]) => {
    const member = Object.getOwnPropertyDescriptor(level, name);
    return member !== undefined && (member.get !== undefined || takes(member.value, parameters));
  });
}

// A rest parameter, a default value, `arguments` and a bound function hide how many arguments are used.
function takes(method: unknown, parameters: number): boolean {
  if (typeof method !== 'function') return false;
  return method.length >= parameters || /\.\.\.|\barguments\b|\[native code\]|^[^{]*=(?!>)/.test(String(method));
}

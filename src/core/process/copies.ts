/** Distinguishes the copies of this package that one process has loaded. A copy cannot see the rules of another one. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ImproperlyConfigured } from '../http/exceptions';

const packageName = 'axioms-routing-controllers';

/** One loaded copy of the package. */
export interface Copy {
  readonly version: string;
  /** The package's folder. */
  readonly path: string;
}

/** The mark that a copy writes on its base classes and on the classes that its decorators decorate. */
interface Mark extends Copy {
  /** Compared by identity: one file that is loaded twice is two copies. */
  readonly copy: object;
  /** The mark that another copy had written on the same class before. */
  readonly before?: Mark | undefined;
}

// Every version writes and reads this symbol. A later version may add members to a mark, and must not change the
// meaning of one.
const key = Symbol.for(packageName);

type Marked = { readonly [key]?: Mark };

// A bundle of ES modules has no __dirname.
const home = typeof __dirname === 'string' ? __dirname : 'a bundle';

/** The copy that this file belongs to. */
export const thisCopy: Copy = Object.freeze(copyIn(home));

/** Marks a base class, or a class with decorators. Subclasses inherit the mark. */
export function markAsOurs(someClass: object): void {
  const before = ownMark(someClass);
  if (marks(before).some(({ copy }) => copy === thisCopy)) return;
  const value: Mark = Object.freeze({ ...thisCopy, copy: thisCopy, before });
  Object.defineProperty(someClass, key, { value, configurable: true });
}

/** Tells whether a class has a decorator or a base class of this package, in whichever copy. */
export function isMarked(someClass: object): boolean {
  return (someClass as Marked)[key] !== undefined;
}

/** Tells whether another copy has marked the class or one of its base classes. */
export function isOfAnotherCopy(someClass: object): boolean {
  return strangerAmong(someClass) !== undefined;
}

/**
 * Refuses a class that another copy has marked.
 *
 * @param what the beginning of the message, such as "BookController has decorators or a base class"
 * @throws ImproperlyConfigured naming both copies and the fix, if another copy has marked the class or one of its base
 * classes.
 */
export function refuseAnotherCopy(someClass: object, what: string): void {
  const stranger = strangerAmong(someClass);
  if (stranger === undefined) return;
  throw new ImproperlyConfigured(
    `${what} of another copy of ${packageName}, whose rules this server cannot see: ${stranger.path === thisCopy.path ? loadedTwice() : installedTwice(stranger)}`,
  );
}

function installedTwice({ version, path }: Copy): string {
  return `version ${version} in ${path}, while the server is version ${thisCopy.version} in ${thisCopy.path}. Run "npm ls ${packageName}" to see what installs the two, and "npm dedupe" to leave one.`;
}

function loadedTwice(): string {
  return `version ${thisCopy.version} in ${thisCopy.path}, the same path loaded twice. Something emptied the module registry in between, such as jest.resetModules() or a deletion from require.cache: load the controllers and the server after it, both.`;
}

function strangerAmong(someClass: object): Mark | undefined {
  return lineageOf(someClass)
    .flatMap(one => marks(ownMark(one)))
    .find(({ copy }) => copy !== thisCopy);
}

function ownMark(someClass: object): Mark | undefined {
  return Object.hasOwn(someClass, key) ? (someClass as Marked)[key] : undefined;
}

function marks(mark: Mark | undefined): readonly Mark[] {
  return mark === undefined ? [] : [mark, ...marks(mark.before)];
}

/** Returns the class and its base classes, nearest first. */
export function lineageOf(someClass: unknown): readonly object[] {
  const classes: object[] = [];
  for (let one = someClass; typeof one === 'function' && one !== Function.prototype; one = Object.getPrototypeOf(one))
    classes.push(one);
  return classes;
}

// Searches upward for the package, because a bundler may have moved this file away from it.
function copyIn(folder: string): Copy {
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    const version = versionIn(path);
    if (version !== undefined) return { version, path };
  }
  return { version: 'unknown', path: folder };
}

function versionIn(folder: string): string | undefined {
  const manifest = manifestIn(folder);
  return manifest.name === packageName ? manifest.version : undefined;
}

function manifestIn(folder: string): { readonly name?: string; readonly version?: string } {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object;
  } catch {
    // There is no readable manifest here.
    return {};
  }
}

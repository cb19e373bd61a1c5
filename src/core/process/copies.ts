/** Tells apart the copies of this package that one process has loaded: no copy can see the rules of another one. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ImproperlyConfigured } from '../http/exceptions';

const packageName = 'axioms-routing-controllers';

/** One loading of the package. */
export interface Copy {
  readonly version: string;
  /** The package's folder. */
  readonly path: string;
}

/** What a copy writes on its base classes and on the classes that its decorators decorate. */
interface Mark extends Copy {
  /** Known by identity: one file that is loaded twice is two copies. */
  readonly copy: object;
  /** The mark that another copy had written there. */
  readonly before?: Mark | undefined;
}

// Every version writes and reads this symbol: members of a mark may be added, and none may change its meaning.
const key = Symbol.for(packageName);

type Marked = { readonly [key]?: Mark };

// A bundle of ES modules has no __dirname.
const home = typeof __dirname === 'string' ? __dirname : 'a bundle';

/** The copy that this file is of. */
export const thisCopy: Copy = Object.freeze(copyIn(home));

/** Marks a base class, or a class with decorators; subclasses inherit the mark. */
export function markAsOurs(someClass: object): void {
  const before = ownMark(someClass);
  if (marks(before).some(({ copy }) => copy === thisCopy)) return;
  const value: Mark = Object.freeze({ ...thisCopy, copy: thisCopy, before });
  Object.defineProperty(someClass, key, { value, configurable: true });
}

/** Has the class a decorator or a base class of this package, whichever copy of it? */
export function isMarked(someClass: object): boolean {
  return (someClass as Marked)[key] !== undefined;
}

/** Is the class, or a base class, marked by another copy? */
export function isOfAnotherCopy(someClass: object): boolean {
  return strangerAmong(someClass) !== undefined;
}

/**
 * @param what begins the message: what carries the class
 * @throws ImproperlyConfigured naming both copies and the fix, where the class or a base class is marked by another copy.
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

/** The class and its base classes, nearest first. */
export function lineageOf(someClass: unknown): readonly object[] {
  const classes: object[] = [];
  for (let one = someClass; typeof one === 'function' && one !== Function.prototype; one = Object.getPrototypeOf(one))
    classes.push(one);
  return classes;
}

// A bundler may have moved this file away from its package.
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
    // There is none, or it is another package's and of no use here.
    return {};
  }
}

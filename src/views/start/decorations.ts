/**
 * Stores what decorators declare about a class or its handlers. It is written while classes are declared, and read once
 * per route at startup.
 */
import type { AuthenticationClass } from '../../authentication/base';
import { AccessTokenReader, insistence } from '../../authentication/token-demand';
import { lineageOf, markAsOurs } from '../../core/process/copies';
import type { PermissionRule } from '../../permissions/operators';
import type { ThrottleClass } from '../../throttling/base';

/** The lists of a controller. A decorator can replace each of them for one handler. */
export interface PolicyLists {
  readonly authenticationClasses?: readonly AuthenticationClass[];
  readonly permissionClasses?: readonly PermissionRule[];
  readonly throttleClasses?: readonly ThrottleClass[];
}

/** One decorator. */
export interface Decoration {
  /** The name as it is written, such as `hasRequiredScopes`. */
  readonly name: string;
  /** The lists that replace those of the class. */
  readonly replaces?: PolicyLists;
  /** The rule that is added to the lists. It needs an access token. */
  readonly adds?: PermissionRule;
  /**
   * Set if the decorator requires a token: the methods that need none. `undefined` stands for the setting
   * `publicMethods`.
   */
  readonly insists?: { readonly safeMethods: readonly string[] | undefined };
}

/** The combined decorators of a handler, of its class and of their base classes. */
export interface Decorations extends PolicyLists {
  /** Outermost first. */
  readonly names: readonly string[];
  readonly added: readonly PermissionRule[];
  readonly insisting: readonly AuthenticationClass[];
}

type Handlers = Map<string | undefined, readonly Decoration[]>;

const written = new WeakMap<object, Handlers>();

/**
 * Stores a decoration of a class or a handler.
 *
 * @param action the name of the handler; `undefined` for the class itself
 */
export function decorate(controllerClass: object, action: string | undefined, decoration: Decoration): void {
  const handlers: Handlers = written.get(controllerClass) ?? new Map<string | undefined, readonly Decoration[]>();
  // TypeScript applies decorators from the last line to the first.
  handlers.set(action, [decoration, ...(handlers.get(action) ?? [])]);
  written.set(controllerClass, handlers);
  markAsOurs(controllerClass);
}

/** Returns the decorations of the handler in exactly this class, without its base classes. */
export function ownDecorations(controllerClass: object, action: string | undefined): readonly Decoration[] {
  return written.get(controllerClass)?.get(action) ?? [];
}

/** Returns the names of the methods that the class or a base class decorates. */
export function decoratedActions(controllerClass: object): readonly string[] {
  const names = lineageOf(controllerClass).flatMap(one => [...(written.get(one)?.keys() ?? [])]);
  return [...new Set(names)].filter(name => name !== undefined);
}

/**
 * Returns the combined decorations of a handler. A rule that is added also applies to an overriding handler. A list
 * that replaces the class's applies only up to the class that declares the route: if a subclass declares a route of its
 * own for the handler, it does not inherit the replacement, and the lists of the class apply.
 *
 * @param declaredBy the class that declares the route of the handler; default: the controller class
 */
export function decorationsOf(
  controllerClass: object,
  action: string,
  declaredBy: object = controllerClass,
): Decorations | undefined {
  const lineage = lineageOf(controllerClass);
  const outermostFirst = [...lineage].reverse();
  const all = [undefined, action].flatMap(name => outermostFirst.flatMap(one => ownDecorations(one, name)));
  if (all.length === 0) return undefined;
  const replacing = lineage.slice(0, lineage.indexOf(declaredBy) + 1).flatMap(one => ownDecorations(one, action));
  const lists = replacing.map(({ replaces = {} }) => replaces).reverse();
  return {
    ...(Object.assign({}, ...lists) as PolicyLists),
    names: all.map(({ name }) => name),
    added: all.flatMap(({ adds = [] }) => adds),
    insisting: all.flatMap(({ insists }) => (insists === undefined ? [] : insistence(insists.safeMethods))),
  };
}

/**
 * Returns the authentication classes with those that the decorators need: a class that reads the token, and classes
 * that require one.
 */
export function withAccessToken(
  classes: readonly AuthenticationClass[],
  { added, insisting }: Decorations,
): readonly AuthenticationClass[] {
  return added.length === 0 ? classes : [AccessTokenReader, ...classes, ...insisting];
}

/** What decorators say of a class or of one of its handlers: written while classes are declared, read once a route at start. */
import type { AuthenticationClass } from '../../authentication/base';
import { AccessTokenReader, insistence } from '../../authentication/token-demand';
import { lineageOf, markAsOurs } from '../../core/process/copies';
import type { PermissionRule } from '../../permissions/operators';
import type { ThrottleClass } from '../../throttling/base';

/** The lists of a controller, each of which a handler may have for itself. */
export interface PolicyLists {
  readonly authenticationClasses?: readonly AuthenticationClass[];
  readonly permissionClasses?: readonly PermissionRule[];
  readonly throttleClasses?: readonly ThrottleClass[];
}

/** One decorator. */
export interface Decoration {
  /** As it is written: `hasRequiredScopes`. */
  readonly name: string;
  /** In place of the class's lists. */
  readonly replaces?: PolicyLists;
  /** Beside whatever the lists say; it needs an access token. */
  readonly adds?: PermissionRule;
  /** The methods that need no token, where it insists on one; `undefined`: the setting `publicMethods`. */
  readonly insists?: { readonly safeMethods: readonly string[] | undefined };
}

/** What the decorators of a handler, of its class and of their base classes come to. */
export interface Decorations extends PolicyLists {
  /** Outermost first. */
  readonly names: readonly string[];
  readonly added: readonly PermissionRule[];
  readonly insisting: readonly AuthenticationClass[];
}

type Handlers = Map<string | undefined, readonly Decoration[]>;

const written = new WeakMap<object, Handlers>();

/** @param action `undefined`: the class itself */
export function decorate(controllerClass: object, action: string | undefined, decoration: Decoration): void {
  const handlers: Handlers = written.get(controllerClass) ?? new Map<string | undefined, readonly Decoration[]>();
  // They are applied from the last line to the first.
  handlers.set(action, [decoration, ...(handlers.get(action) ?? [])]);
  written.set(controllerClass, handlers);
  markAsOurs(controllerClass);
}

/** The decorations of exactly this class's own handler. */
export function ownDecorations(controllerClass: object, action: string | undefined): readonly Decoration[] {
  return written.get(controllerClass)?.get(action) ?? [];
}

/** The names of the methods that the class or a base class decorates. */
export function decoratedActions(controllerClass: object): readonly string[] {
  const names = lineageOf(controllerClass).flatMap(one => [...(written.get(one)?.keys() ?? [])]);
  return [...new Set(names)].filter(name => name !== undefined);
}

/**
 * What is added holds for whoever overrides a handler, too. A list that replaces the class's does not reach past a class
 * that declares a route of its own for the handler: what it says nothing of is closed.
 *
 * @param declaredBy the class whose route the handler is reached by
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

/** The authentication classes with what the decorators need: somebody who reads the token, and who insists on one. */
export function withAccessToken(
  classes: readonly AuthenticationClass[],
  { added, insisting }: Decorations,
): readonly AuthenticationClass[] {
  return added.length === 0 ? classes : [AccessTokenReader, ...classes, ...insisting];
}

/** A route, before its rules are read. */
import type { Requirement } from '../../core/requirements/requirement';

/** A handler and its route, as the binding describes them. */
export interface Route {
  /** The HTTP method in capitals; `undefined` for all methods. */
  readonly method: string | undefined;
  /** The path, prefixes included. For a regex, its text. */
  readonly path: string;
  /** The regex that Express matches; `undefined` for a path that is text. */
  readonly regex?: RegExp | undefined;
  /** Whether the handler's own path has a parameter, or is a regex. */
  readonly isParametrized: boolean;
  /** The handler's name. */
  readonly action: string;
  /** Whether a body is parsed for the handler. */
  readonly readsBody: boolean;
  /** What the binding requires besides the controller's permissions: `@Authorized()` and the like. */
  readonly asksBesides?: readonly Requirement[];
  /** The class that declares the route, if that is a base class. */
  readonly declaredBy?: object | undefined;
}

/** The grants of a user that the app made. A relation of it may be lazy, so that one kind is loaded and another is not. */
import type { User } from '../authentication/user';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { seen } from '../core/process/rejections';
import type { GrantKind, Grants } from '../core/tokens/claims';
import { isPending } from '../core/time/soon';

/** Reads each kind once, and only if a rule needs it: a kind that is not loaded must not fail the other rules. */
export class UserGrants implements Grants {
  readonly #lists: Partial<Record<GrantKind, readonly string[]>> = {};

  /** @param claimed the grants of a kind for which the user has no list */
  constructor(
    private readonly user: User,
    private readonly claimed: Grants,
  ) {}

  /** @throws ImproperlyConfigured if the scopes are not loaded, or are no list of texts. */
  get scopes(): readonly string[] {
    return this.#of('scopes');
  }

  /** @throws ImproperlyConfigured if the roles are not loaded, or are no list of texts. */
  get roles(): readonly string[] {
    return this.#of('roles');
  }

  /** @throws ImproperlyConfigured if the permissions are not loaded, or are no list of texts. */
  get permissions(): readonly string[] {
    return this.#of('permissions');
  }

  #of(kind: GrantKind): readonly string[] {
    return (this.#lists[kind] ??= listOf(this.user, kind) ?? this.claimed[kind]);
  }
}

// If a value that cannot be read counted as an empty list, a negated rule would let the user in.
function listOf(user: User, kind: GrantKind): readonly string[] | undefined {
  const found: unknown = user[kind];
  if (found === undefined || found === null) return undefined;
  if (Array.isArray(found) && Array.from<unknown>(found).every(isText)) return found as string[];
  // A lazy relation of the app's user is a promise.
  if (isPending(seen(found)))
    throw new ImproperlyConfigured(
      `The ${kind} of request.user are not loaded yet: load them with the user, as a list.`,
    );
  throw noList(kind, found);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

// Does not show the value, which may be personal.
function noList(kind: GrantKind, found: unknown): ImproperlyConfigured {
  if (Array.isArray(found)) for (const one of found) seen(one as unknown);
  const type = Array.isArray(found) ? 'a list that does not hold strings only' : `of the type ${typeof found}`;
  return new ImproperlyConfigured(
    `The ${kind} of request.user are ${type}; expected a list of strings: set one where you make the user, for example ${kind}.map(({ name }) => name) for entities.`,
  );
}

/**
 * Returns the grants for the description of an answer that is decided. A kind that cannot be read counts as empty: a
 * description must not change the answer.
 */
export function readableGrants(grants: Grants): Grants {
  if (!(grants instanceof UserGrants)) return grants;
  const read = (kind: GrantKind): readonly string[] => readableList(grants, kind);
  return { scopes: read('scopes'), roles: read('roles'), permissions: read('permissions') };
}

function readableList(grants: UserGrants, kind: GrantKind): readonly string[] {
  try {
    return grants[kind];
  } catch {
    return [];
  }
}

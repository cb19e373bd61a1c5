/** Permission classes that answer what a test wants. */
import { BasePermission, type PermissionClass } from 'axioms-routing-controllers';

export interface LeafRules {
  /** The answer of hasPermission, or a function that gives it; left out: the class does not define it. */
  readonly view?: unknown;
  /** The same of hasObjectPermission. */
  readonly object?: unknown;
  readonly needsAuthentication?: boolean;
  readonly message?: string;
  readonly code?: string;
}

export function leaf({ view, object, ...members }: LeafRules): PermissionClass {
  class Leaf extends BasePermission {
    constructor() {
      super();
      Object.assign(this, members);
    }
  }
  if (view !== undefined) Leaf.prototype.hasPermission = answer(view);
  if (object !== undefined) Leaf.prototype.hasObjectPermission = answer(object);
  return Leaf;
}

function answer(given: unknown): () => boolean {
  return (typeof given === 'function' ? given : () => given) as () => boolean;
}

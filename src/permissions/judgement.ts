/** What a permission needs, and what of that the caller has: the challenge, the explanation and the log read this one result. */
import { isNamed } from '../core/tokens/claims';
import { callerOf, judge, meets, withAllScopes } from '../core/requirements/judge';
import { grantsAskedFor } from '../core/requirements/scopes';
import { identityOf } from './token-claims';
import { requirementOfLeaf, type Judgement, type PermissionLeaf, type Subject } from './tree';

/**
 * Judges the permission for this request, once.
 *
 * @returns `undefined` where the requirement cannot be read yet: before the body only where startup could read it
 */
export async function judgementOf(leaf: PermissionLeaf, subject: Subject): Promise<Judgement | undefined> {
  if (subject.only === 'known' && leaf.isKnown !== true) return undefined;
  return (leaf.judgement ??= judged(leaf, subject));
}

async function judged({ permission }: PermissionLeaf, { request, controller }: Subject): Promise<Judgement> {
  const needed = await requirementOfLeaf(permission, controller);
  const identity = identityOf(request);
  const { grants } = identity;
  const lists = grantsAskedFor(needed);
  const there = lists.flatMap(({ kind, values }) => values.filter(name => isNamed(name, grants[kind])));
  const unmet = lists.filter(list => !meets(grants, list));
  const withScopes = withAllScopes(callerOf({ ...identity, isAuthenticated: true }, request.method));
  const isUpToScopes = unmet.some(({ kind }) => kind === 'scopes') && judge(needed, withScopes) === true;
  return { needed, there: [...new Set(there)], unmet, isUpToScopes };
}

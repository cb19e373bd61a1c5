/** What a permission needs, and what of that the caller has: the challenge, the explanation and the log read this one result. */
import { findContext } from '../authentication/request-context';
import { textOf } from '../core/settings/logger';
import { isNamed } from '../core/tokens/claims';
import { callerOf, judge, meets, withAllScopes } from '../core/requirements/judge';
import { grantsAskedFor } from '../core/requirements/scopes';
import { identityOf } from './token-claims';
import { requirementOfLeaf, type Judgement, type PermissionLeaf, type Subject } from './tree';
import { readableGrants } from './user-grants';

/**
 * Judges the permission for this request, once. Never rejects: a description that fails must not change the answer that it
 * describes.
 *
 * @returns `undefined` where the requirement cannot be read, or not yet: before the body only where startup could read it
 */
export async function judgementOf(leaf: PermissionLeaf, subject: Subject): Promise<Judgement | undefined> {
  if (subject.only === 'known' && leaf.isKnown !== true) return undefined;
  return (leaf.judgement ??= judged(leaf, subject).catch((error: unknown) => {
    reportFailure(leaf, subject, error);
    return undefined;
  }));
}

const reported = new WeakSet();

// Warns once per class, because strangers may decide how often it happens.
function reportFailure({ permission }: PermissionLeaf, { request }: Subject, error: unknown): void {
  const { name } = permission.constructor;
  const level = reported.has(permission.constructor) ? 'debug' : 'warn';
  reported.add(permission.constructor);
  findContext(request)?.settings.logger[level](
    'A permission cannot describe what it requires, so the answer does not say what is missing. Its requirement() must not throw.',
    { permission: name, error: textOf(error) },
  );
}

async function judged({ permission }: PermissionLeaf, { request, controller }: Subject): Promise<Judgement> {
  const needed = await requirementOfLeaf(permission, controller);
  const found = identityOf(request);
  const grants = readableGrants(found.grants);
  const lists = grantsAskedFor(needed);
  const there = lists.flatMap(({ kind, values }) => values.filter(name => isNamed(name, grants[kind])));
  const unmet = lists.filter(list => !meets(grants, list));
  const withScopes = withAllScopes(callerOf({ ...found, grants, isAuthenticated: true }, request.method));
  const isUpToScopes = unmet.some(({ kind }) => kind === 'scopes') && judge(needed, withScopes) === true;
  return { needed, there: [...new Set(there)], unmet, isUpToScopes };
}

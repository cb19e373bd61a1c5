/** Why a list of permissions refused, as data: each permission, what it needed, and what of that was there. */
import type { Grants } from '../core/tokens/claims';
import type { GrantRequirement, Requirement } from '../core/requirements/requirement';
import { isAuthenticated } from '../authentication/caller';
import { definesObjectRule, definesViewRule } from './base';
import { judgementOf } from './judgement';
import { grantsOfRequest } from './token-claims';
import type { Cause, PermissionLeaf, PermissionTree, Subject } from './tree';
import { readableGrants } from './user-grants';

/** What a permission said; `depends on the object`: it allows the request, and was not asked about an object. */
export type Answer = 'allows' | 'refuses' | 'depends on the object' | 'was not asked';

/** A permission, or several of them together. Names of the configuration only: of the token it says which of these were there. */
export type Reason = PermissionReason | CompositionReason;

/** Describes what one permission answered, what it requires, and what of that the caller was granted. */
export interface PermissionReason {
  /** The name of the class. */
  readonly permission: string;
  /** Its own, also below a `not`. */
  readonly answer: Answer;
  /** What the permission requires; of the kind `custom` if it cannot be described. */
  readonly needed: Requirement;
  /** Of the scopes, roles and permissions that are needed, those that were there. */
  readonly there: readonly string[];
  /** The lists of scopes, roles or permissions that were not met. */
  readonly unmet: readonly GrantRequirement[];
}

/** Describes what an `and`, an `or` or a `not` answered, and what each of its operands answered. */
export interface CompositionReason {
  readonly operator: 'and' | 'or' | 'not';
  /** The answer of the operands together. */
  readonly answer: Answer;
  /** The operands, in their order; a `not` has one. */
  readonly of: readonly Reason[];
}

/** Why a request was refused. */
export interface Explanation {
  /** One a permission of the list, in its order; all of them must allow. */
  readonly rules: readonly Reason[];
  readonly isAuthenticated: boolean;
  /**
   * What the caller was granted, by name; at most 50 of each kind, and none of a kind that the app's user has not loaded.
   * For the developer, not for the log.
   */
  readonly granted: Grants;
}

/**
 * @param trees the permissions of the list, asked or not
 * @param cause why the one that refused is false; left out: what was answered so far
 */
export async function explanationOf(
  trees: readonly PermissionTree[],
  subject: Subject,
  cause?: Cause,
): Promise<Explanation> {
  const rules = trees.map(tree => reasonOf(tree, { subject, refusing: cause?.leaf }));
  return {
    rules: await Promise.all(rules),
    isAuthenticated: isAuthenticated(subject.request),
    granted: grantedNames(readableGrants(grantsOfRequest(subject.request))),
  };
}

interface Position {
  readonly subject: Subject;
  /** The permission that decided. */
  readonly refusing: PermissionLeaf | undefined;
}

async function reasonOf(tree: PermissionTree, position: Position): Promise<Reason> {
  if ('permission' in tree) return permissionReason(tree, position);
  const of = await Promise.all(tree.operands.map(operand => reasonOf(operand, position)));
  return { operator: tree.operator, answer: together(tree.operator, of), of };
}

async function permissionReason(leaf: PermissionLeaf, position: Position): Promise<PermissionReason> {
  const { name } = leaf.permission.constructor;
  const judgement = await judgementOf(leaf, position.subject);
  const { needed = { kind: 'custom', name }, there = [], unmet = [] } = judgement ?? {};
  return { permission: name, answer: answerOf(leaf, position), needed, there, unmet };
}

function answerOf(leaf: PermissionLeaf, { subject, refusing }: Position): Answer {
  const { permission } = leaf;
  if (permission.needsAuthentication === true && !isAuthenticated(subject.request)) return 'refuses';
  if (definesViewRule(permission)) {
    if (!('viewRule' in leaf)) return 'was not asked';
    if (leaf.viewRule !== true) return 'refuses';
  }
  if ('objectRule' in leaf) return leaf.objectRule === true ? 'allows' : 'refuses';
  // True whatever the object is, or not asked about one.
  return definesObjectRule(permission) && leaf !== refusing ? 'depends on the object' : 'allows';
}

function together(operator: CompositionReason['operator'], of: readonly Reason[]): Answer {
  const answers = of.map(({ answer }) => answer);
  const [first] = answers as [Answer];
  if (operator === 'not') return first === 'allows' ? 'refuses' : first === 'refuses' ? 'allows' : first;
  const deciding = operator === 'and' ? 'refuses' : 'allows';
  return answers.find(answer => answer === deciding) ?? answers.find(isOpen) ?? first;
}

function isOpen(answer: Answer): boolean {
  return answer === 'depends on the object' || answer === 'was not asked';
}

const most = 50;

/** Returns the grants that an explanation names. */
export function grantedNames({ scopes, roles, permissions }: Grants): Grants {
  return { scopes: scopes.slice(0, most), roles: roles.slice(0, most), permissions: permissions.slice(0, most) };
}

/** A list's permissions, made for one request, as the tree that `and`, `or` and `not` build. */
import type { Request } from 'express';
import type { GrantRequirement, Requirement } from '../core/requirements/requirement';
import type { Soon } from '../core/time/soon';
import { definesObjectRule, definesViewRule, type ApiView, type BasePermission, type PermissionClass } from './base';
import { describedBy } from './evaluated';
import { ComposedPermission, type PermissionRule } from './operators';

/** A permission of a list with its instance, or a composition of them. */
export type PermissionTree = PermissionLeaf | PermissionComposition;

export interface PermissionComposition {
  readonly operator: 'and' | 'or' | 'not';
  readonly operands: readonly PermissionTree[];
  /** What came of it, where no object can change that: nothing below it is asked any more. */
  decided?: Outcome;
}

export interface PermissionLeaf {
  readonly permission: BasePermission;
  /** Can it be asked before the body is read? */
  isKnown?: boolean;
  /** What `hasPermission` said, whatever it is; asked once a request. */
  viewRule?: unknown;
  /** What `hasObjectPermission` said of the last object. */
  objectRule?: unknown;
  /** What the permission had to say when one of its rules last refused. */
  words?: RefusalWords;
  /** What the permission needs, and what of that the caller has; worked out only for a refusal or an explanation. */
  judgement?: Promise<Judgement | undefined>;
}

/** What a permission says of its refusal. */
export interface RefusalWords {
  readonly message?: string | undefined;
  readonly code?: string | undefined;
}

/** `undefined`: it depends on the object, or on a rule that is asked later. */
export type Truth = boolean | undefined;

/** What came of asking a tree. */
export interface Outcome {
  readonly truth: Truth;
  /** Why it is false. Call it only where that is the answer: another branch may still let the request in. */
  readonly why?: () => Soon<Cause>;
}

/** Why a tree is false. */
export interface Cause {
  /** The permission that decided. */
  readonly leaf: PermissionLeaf;
  readonly isNegated: boolean;
  /** Could scopes alone turn that around? */
  readonly isUpToScopes: boolean;
}

/** What a permission needs, and what of that the caller has. */
export interface Judgement {
  readonly needed: Requirement;
  /** The scopes, roles and permissions that are needed and that the caller has. */
  readonly there: readonly string[];
  /** The lists of scopes, roles or permissions that the caller does not meet. */
  readonly unmet: readonly GrantRequirement[];
  /** Does the caller lack scopes, and nothing else? */
  readonly isUpToScopes: boolean;
}

/** What is asked about: a request to a controller's handler and, once it is loaded, the object. */
export interface Subject {
  readonly request: Request;
  readonly controller: ApiView;
  readonly object?: { readonly value: unknown };
  /** No rule is asked once it has been sent. */
  readonly response?: { readonly headersSent: boolean };
  /**
   * Which rules may be asked now. `known`: those that can be asked before the body is read. `answered`: no rule for the
   * request that has not been asked yet; what was decided is looked at anew, because a handler may have changed the
   * fields that rules read. `own`: the same, and this library's own rules. Default: all of them.
   */
  readonly only?: 'known' | 'answered' | 'own';
}

export function permissionTree(
  rule: PermissionRule,
  make: (permissionClass: PermissionClass) => BasePermission,
): PermissionTree {
  if (!(rule instanceof ComposedPermission)) return { permission: make(rule) };
  return { operator: rule.operator, operands: rule.operands.map(operand => permissionTree(operand, make)) };
}

/** Every permission of the tree. */
export function leavesOf(tree: PermissionTree): readonly PermissionLeaf[] {
  return 'permission' in tree ? [tree] : tree.operands.flatMap(leavesOf);
}

/** Can all of the tree be asked before the body is read? */
export function isKnown(tree: PermissionTree): boolean {
  return 'permission' in tree ? tree.isKnown === true : tree.operands.every(isKnown);
}

/** Forgets what the permissions of the tree said, so that they are asked again. */
export function forgetAnswers(tree: PermissionTree): void {
  if ('permission' in tree) {
    delete tree.viewRule;
    delete tree.words;
    delete tree.judgement;
    return;
  }
  delete tree.decided;
  tree.operands.forEach(forgetAnswers);
}

/** Whether the tree is false for every anonymous caller, whatever its rules say. */
export function isClosedToNobody(tree: PermissionTree, isNegated = false): boolean {
  if ('permission' in tree) return tree.permission.needsAuthentication === true;
  const isClosed = (operand: PermissionTree): boolean =>
    isClosedToNobody(operand, tree.operator === 'not' ? !isNegated : isNegated);
  const isAnd = (tree.operator === 'and') !== isNegated;
  return isAnd ? tree.operands.some(isClosed) : tree.operands.every(isClosed);
}

/** Has any permission of the tree a rule about an object? */
export function hasObjectRule(tree: PermissionTree): boolean {
  return leavesOf(tree).some(({ permission }) => definesObjectRule(permission));
}

/** The permissions with both rules that stand under a `not`: where there is no object, the negation is undecided. */
export function undecidedWithoutObject(tree: PermissionTree, isNegated = false): readonly BasePermission[] {
  if (!('permission' in tree))
    return tree.operands.flatMap(one => undecidedWithoutObject(one, (tree.operator === 'not') !== isNegated));
  const { permission } = tree;
  return isNegated && definesViewRule(permission) && definesObjectRule(permission) ? [permission] : [];
}

/**
 * Returns what the tree requires.
 *
 * @param known what one permission requires; `undefined`: it is decided per request, and so is the tree then
 */
export function requirementOf(
  tree: PermissionTree,
  known: (leaf: PermissionLeaf) => Requirement | undefined,
): Requirement | undefined {
  if ('permission' in tree) return known(tree);
  const of = tree.operands.flatMap(operand => requirementOf(operand, known) ?? []);
  if (of.length < tree.operands.length) return undefined;
  return tree.operator === 'not' ? { kind: 'not', of: of[0] ?? { kind: 'anyone' } } : { kind: tree.operator, of };
}

/** Returns what one permission asks for, evaluated at most once per request. */
export function requirementOfLeaf(permission: BasePermission, controller: ApiView): Requirement | Promise<Requirement> {
  const custom: Requirement = { kind: 'custom', name: permission.constructor.name };
  const said = describedBy(permission, controller);
  return said instanceof Promise ? said.then(found => found ?? custom) : (said ?? custom);
}

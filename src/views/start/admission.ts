/**
 * Determines which callers a route admits: combines everything that is checked before its handler into one requirement.
 */
import type { Request } from 'express';
import type { BaseAuthentication } from '../../authentication/base';
import { contextKey, heldByAnyObject } from '../../authentication/request-context';
import { inertUses } from '../../core/process/inert';
import { seen } from '../../core/process/rejections';
import { isAboutObject, judge } from '../../core/requirements/judge';
import { decidedPerRequest as perRequest } from '../../core/requirements/kinds/custom';
import type { Requirement } from '../../core/requirements/requirement';
import {
  allOf,
  anyOf,
  anyone,
  impliesAuthenticated,
  nobody,
  notThat,
  rewritten,
} from '../../core/requirements/simplified';
import {
  definesObjectRule,
  definesViewRule,
  isAskedBeforeTheBody,
  isDescribed,
  mayNotNeedObject,
  type ApiView,
  type BasePermission,
} from '../../permissions/base';
import { isClosedToNobody, type PermissionTree } from '../../permissions/tree';
import type { Services } from './services';

/** What is known about a route's rules; `undefined` for a part that is decided per request. */
export interface KnownRules {
  readonly controller: ApiView;
  readonly services: Services;
  readonly authenticators: readonly BaseAuthentication[] | undefined;
  readonly trees: readonly PermissionTree[] | undefined;
  /** The requirement of each tree. */
  readonly permissions: readonly (Requirement | undefined)[] | undefined;
  /** The requirements besides the controller's permissions. */
  readonly others: readonly Requirement[];
  /** Whether the route is about an object with the method in question. */
  readonly isObjectAction: boolean;
}

const authenticated: Requirement = { kind: 'authenticated' };

/**
 * Returns which callers the route admits with this method. Follows plain logic, with the rules of evaluation that the
 * permission classes add: claim and ownership rules refuse an anonymous caller even if they are negated, an object rule
 * requires nothing if there is no object, and a mandatory authentication class requires a caller.
 */
export function admission(rules: KnownRules, method: string): Requirement {
  const { controller, services, authenticators, trees, permissions, isObjectAction } = rules;
  const asked: Asked = {
    method,
    isObjectAction,
    isOpen: permission => {
      const ask = (request: Request): unknown => permission.hasPermission(request, controller);
      const isOpen = answerToNobody(method, authenticators ?? [], services, ask);
      // Authentication classes that are decided per request can only open more methods.
      return authenticators === undefined && isOpen === false ? undefined : isOpen;
    },
  };
  const permitted =
    trees === undefined || permissions === undefined
      ? [perRequest]
      : trees.map((tree, index) => rule(tree, permissions[index], asked, false));
  const asks = allOf([...identified(authenticators, method, services), ...permitted, ...rules.others]);
  return authenticators?.length === 0 ? asNobody(asks) : asks;
}

function identified(
  authenticators: readonly BaseAuthentication[] | undefined,
  method: string,
  services: Services,
): readonly Requirement[] {
  if (authenticators === undefined) return [perRequest];
  return authenticators.filter(({ isMandatory }) => isMandatory === true).map(one => insistence(one, method, services));
}

function insistence(authenticator: BaseAuthentication, method: string, services: Services): Requirement {
  const isPublic = isPublicTo(authenticator, method, services);
  if (isPublic === undefined) return perRequest;
  return isPublic ? anyone : authenticated;
}

/** Returns whether the class opens this method; `undefined` if that depends on more than the method. */
function isPublicTo(authenticator: BaseAuthentication, method: string, services: Services): boolean | undefined {
  return answerToNobody(method, [authenticator], services, request => authenticator.isPublic?.(request));
}

/**
 * Asks a question about an anonymous request of which only the method is known. Returns `undefined` if the answer
 * depends on more than the method.
 */
function answerToNobody(
  method: string,
  authenticators: readonly BaseAuthentication[],
  services: Services,
  ask: (request: Request) => unknown,
): boolean | undefined {
  const looks = { areFurther: false };
  const held = heldByAnyObject({ ...services, method, authenticators });
  const shown = { method, user: undefined, auth: null, authJwt: null, [contextKey]: held };
  const request = new Proxy(shown, {
    get(target, name) {
      looks.areFurther ||= !Object.hasOwn(target, name);
      return Reflect.get(target, name) as unknown;
    },
  });
  const usesBefore = inertUses();
  try {
    const answer = seen(ask(request as unknown as Request)) === true;
    return looks.areFurther || inertUses() > usesBefore ? undefined : answer;
  } catch {
    return undefined;
  }
}

interface Asked {
  readonly method: string;
  readonly isObjectAction: boolean;
  /** Whether the permission admits an anonymous caller; `undefined` if that depends on more than the method. */
  isOpen(permission: BasePermission): boolean | undefined;
}

/**
 * Combines the requirements of the leaves. `known` has the shape of the tree, and a leaf's requirement may be a tree
 * itself.
 */
function rule(tree: PermissionTree, known: Requirement | undefined, asked: Asked, isNegated: boolean): Requirement {
  // Whatever a class requires per request, one that needs authentication refuses an anonymous caller.
  if (known === undefined) return isClosed(tree, isNegated) ? allOf([authenticated, perRequest]) : perRequest;
  if ('permission' in tree) return leafRule(tree.permission, known, asked, isNegated);
  const parts = 'of' in known ? [known.of].flat() : [];
  const of = tree.operands.map((operand, index) =>
    rule(operand, parts[index], asked, tree.operator === 'not' ? !isNegated : isNegated),
  );
  return (tree.operator === 'and') !== isNegated ? allOf(of) : anyOf(of);
}

function leafRule(permission: BasePermission, known: Requirement, asked: Asked, isNegated: boolean): Requirement {
  const own = isClosed({ permission }, isNegated) ? [authenticated] : [];
  if (asksNothing(permission, asked, isNegated)) return allOf(own);
  const positive = isDescribed(permission) ? described(permission, known, asked, isNegated) : customRule(permission);
  return allOf([...own, isNegated ? notThat(withUndescribedRule(permission, positive)) : positive]);
}

// A getter of an app may ask a service whether authentication is needed. Its answer is then not known here.
function isClosed(tree: PermissionTree, isNegated: boolean): boolean {
  const usesBefore = inertUses();
  return isClosedToNobody(tree, isNegated) && inertUses() === usesBefore;
}

// A rule that a class does not define is true, whether negated or not. So is an object rule if there is no object. If a
// class has both rules, its negation is then undecided, which refuses no caller.
function asksNothing(permission: BasePermission, { isObjectAction }: Asked, isNegated: boolean): boolean {
  if (!definesObjectRule(permission)) return !definesViewRule(permission);
  if (isObjectAction || mayNotNeedObject(permission)) return false;
  return isNegated || !definesViewRule(permission);
}

// The description may cover only the view rule. The negation of both rules already holds if one of them does not.
function withUndescribedRule(permission: BasePermission, described: Requirement): Requirement {
  const hasBoth = definesViewRule(permission) && definesObjectRule(permission);
  return hasBoth && !isAboutObject(described) ? allOf([described, customRule(permission)]) : described;
}

function described(
  permission: BasePermission,
  known: Requirement,
  { method, isOpen, isObjectAction }: Asked,
  isNegated: boolean,
): Requirement {
  if (known.kind === 'authenticated' && isAskedBeforeTheBody(permission)) return opened(isOpen(permission));
  return rewritten(known, leaf => {
    const truth = judge(leaf, { method, says: () => undefined });
    if (truth !== undefined) return truth ? anyone : nobody;
    // Without an object the rule is undecided, which refuses no caller.
    if (isAboutObject(leaf) && !isObjectAction) return isNegated ? nobody : anyone;
    return leaf.kind === 'authenticated' && leaf.orPublicMethod === true ? opened(undefined) : leaf;
  });
}

// The settings and the authentication classes decide which methods are public.
function opened(isOpen: boolean | undefined): Requirement {
  if (isOpen === undefined) return anyOf([perRequest, authenticated]);
  return isOpen ? anyone : authenticated;
}

function customRule({ constructor }: BasePermission): Requirement {
  return { kind: 'custom', name: constructor.name };
}

// Without authentication classes every caller is anonymous.
function asNobody(requirement: Requirement): Requirement {
  return rewritten(requirement, leaf => (leaf.kind === 'authenticated' || impliesAuthenticated(leaf) ? nobody : leaf));
}

/** Whom a route lets in, all that stands before its handler taken together, as one requirement. */
import type { Request } from 'express';
import type { BaseAuthentication } from '../../authentication/base';
import { contextKey, heldByAnyObject } from '../../authentication/request-context';
import { inertUses } from '../../core/process/inert';
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
  BasePermission,
  definesObjectRule,
  definesViewRule,
  isAskedBeforeTheBody,
  mayNotNeedObject,
  type ApiView,
} from '../../permissions/base';
import type { PermissionTree } from '../../permissions/tree';
import type { Services } from './services';

/** What is known of a route's rules; `undefined`: it is decided per request. */
export interface KnownRules {
  readonly controller: ApiView;
  readonly services: Services;
  readonly authenticators: readonly BaseAuthentication[] | undefined;
  readonly trees: readonly PermissionTree[] | undefined;
  /** What each of the trees asks for. */
  readonly permissions: readonly (Requirement | undefined)[] | undefined;
  /** What is asked besides the controller's permissions. */
  readonly others: readonly Requirement[];
  /** Is the route about an object, by the method that is asked about? */
  readonly isObjectAction: boolean;
}

const authenticated: Requirement = { kind: 'authenticated' };

/**
 * Whom the route lets in by this method. Plain logic, with what the permission classes' own order of things adds: claim
 * and ownership rules refuse nobody-in-particular also where they are negated, an object rule asks nothing where there
 * is no object, a mandatory authentication class insists.
 */
export function admission(rules: KnownRules, method: string): Requirement {
  const { controller, services, authenticators, trees, permissions, isObjectAction } = rules;
  const asked: Asked = {
    method,
    isObjectAction,
    isOpen: permission => {
      const ask = (request: Request): unknown => permission.hasPermission(request, controller);
      const isOpen = answerToNobody(method, authenticators ?? [], services, ask);
      // The classes that are decided per request can only open more methods.
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

/** `undefined`: it looks at more of a request than its method. */
function isPublicTo(authenticator: BaseAuthentication, method: string, services: Services): boolean | undefined {
  return answerToNobody(method, [authenticator], services, request => authenticator.isPublic?.(request));
}

/** What is said of a request by nobody in particular, of which there is the method alone; `undefined`: more is looked at. */
function answerToNobody(
  method: string,
  authenticators: readonly BaseAuthentication[],
  services: Services,
  ask: (request: Request) => unknown,
): boolean | undefined {
  const looks = { areFurther: false };
  const held = heldByAnyObject({ ...services, authenticators });
  const shown = { method, user: undefined, auth: null, authJwt: null, [contextKey]: held };
  const request = new Proxy(shown, {
    get(target, name) {
      looks.areFurther ||= !Object.hasOwn(target, name);
      return Reflect.get(target, name) as unknown;
    },
  });
  const usesBefore = inertUses();
  try {
    const answer = ask(request as unknown as Request) === true;
    return looks.areFurther || inertUses() > usesBefore ? undefined : answer;
  } catch {
    return undefined;
  }
}

interface Asked {
  readonly method: string;
  readonly isObjectAction: boolean;
  /** Does the permission let nobody-in-particular in? `undefined`: it looks at more than the method. */
  isOpen(permission: BasePermission): boolean | undefined;
}

/** The tree's requirement has the tree's shape; each leaf's own may be a tree again. */
function rule(tree: PermissionTree, known: Requirement | undefined, asked: Asked, isNegated: boolean): Requirement {
  if (known === undefined) return perRequest;
  if ('permission' in tree) return leafRule(tree.permission, known, asked, isNegated);
  const parts = 'of' in known ? [known.of].flat() : [];
  const of = tree.operands.map((operand, index) =>
    rule(operand, parts[index], asked, tree.operator === 'not' ? !isNegated : isNegated),
  );
  return (tree.operator === 'and') !== isNegated ? allOf(of) : anyOf(of);
}

function leafRule(permission: BasePermission, known: Requirement, asked: Asked, isNegated: boolean): Requirement {
  const own = permission.needsAuthentication === true ? [authenticated] : [];
  if (asksNothing(permission, asked, isNegated)) return allOf(own);
  const positive = isDescribed(permission) ? described(permission, known, asked, isNegated) : customRule(permission);
  return allOf([...own, isNegated ? notThat(withUndescribedRule(permission, positive)) : positive]);
}

// A rule that a class does not define is true, negated or not; so is one about an object where there is none. The
// negation of both rules of a class is then undecided, and that refuses nobody.
function asksNothing(permission: BasePermission, { isObjectAction }: Asked, isNegated: boolean): boolean {
  if (!definesObjectRule(permission)) return !definesViewRule(permission);
  if (isObjectAction || mayNotNeedObject(permission)) return false;
  return isNegated || !definesViewRule(permission);
}

// The description may be about the view rule alone, and the negation of both holds where only one of them does not.
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
    // Without an object it is undecided, and refuses nobody.
    if (isAboutObject(leaf) && !isObjectAction) return isNegated ? nobody : anyone;
    return leaf.kind === 'authenticated' && leaf.orPublicMethod === true ? opened(undefined) : leaf;
  });
}

// Which methods are public is the settings' and the authentication classes' to say.
function opened(isOpen: boolean | undefined): Requirement {
  if (isOpen === undefined) return anyOf([perRequest, authenticated]);
  return isOpen ? anyone : authenticated;
}

/** Does the description come with the rules, or is it a base class's, whose rules were replaced? */
function isDescribed(permission: BasePermission): boolean {
  const depth = depthOf(permission, 'requirement');
  return depth <= depthOf(permission, 'hasPermission') && depth <= depthOf(permission, 'hasObjectPermission');
}

function depthOf(permission: BasePermission, name: keyof BasePermission): number {
  let depth = 0;
  for (let object: object | null = permission; object !== null; depth++) {
    if (object === BasePermission.prototype) break;
    if (Object.hasOwn(object, name)) return depth;
    object = Object.getPrototypeOf(object) as object | null;
  }
  return Infinity;
}

function customRule({ constructor }: BasePermission): Requirement {
  return { kind: 'custom', name: constructor.name };
}

// Where no class could know the caller, everybody is nobody in particular.
function asNobody(requirement: Requirement): Requirement {
  return rewritten(requirement, leaf => (leaf.kind === 'authenticated' || impliesAuthenticated(leaf) ? nobody : leaf));
}

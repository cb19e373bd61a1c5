/** A refusal, with what is known of it: the reason tree for the log and the developer, and what the settings let the caller know. */
import { contextOf } from '../authentication/request-context';
import {
  InsufficientScope,
  NotAuthenticated,
  PermissionDenied,
  withoutStack,
  type APIException,
} from '../core/http/exceptions';
import { meets } from '../core/requirements/judge';
import type { GrantRequirement, Requirement } from '../core/requirements/requirement';
import type { Settings } from '../core/settings/settings';
import { isNamed, type Grants } from '../core/tokens/claims';
import type { ApiView } from './base';
import { causeOf, refusal } from './evaluation';
import { explanationOf, grantedNames, type Answer, type Explanation, type Reason } from './explanation';
import { TokenHasScope } from './token-scope';
import type { Cause, Outcome, PermissionTree, Subject } from './tree';
import { readableGrants } from './user-grants';

/** The answer to a list of permissions of which one is false; see {@link refusal}. */
export async function denial(
  outcome: Outcome,
  trees: readonly PermissionTree[],
  subject: Subject,
): Promise<APIException> {
  const cause = await causeOf(outcome);
  const error = await refusal(cause, trees, subject);
  const { settings } = contextOf(subject.request);
  if (settings.errorResponseWithScopes) nameScopes(error, cause, subject.controller);
  explain(error, await explanationOf(trees, subject, cause), settings.explain);
  return error;
}

/** Refuses with the {@link denial}. */
export async function deny(...refused: Parameters<typeof denial>): Promise<never> {
  throw await denial(...refused);
}

/** A permission that needs nothing but grants. */
export interface GrantRule {
  /** The name of its class. */
  readonly name: string;
  readonly needed: Requirement;
  /** The lists of what it needs: all of them must be met. */
  readonly requires: readonly GrantRequirement[];
}

/** Returns the first of these rules that the grants do not meet. */
export function firstUnmet(rules: readonly GrantRule[], grants: Grants): GrantRule | undefined {
  for (const rule of rules) for (const list of rule.requires) if (!meets(grants, list)) return rule;
  return undefined;
}

/**
 * Returns the denial of a list of permissions that need nothing but grants, as {@link denial} does, which asks each of them
 * for promises. It has no stack, as the errors of refused tokens: any client can cause it.
 *
 * @param refusing the first that is not met
 */
export function denialOfGrants(
  refusing: GrantRule,
  rules: readonly GrantRule[],
  found: Grants,
  { explain: isTold }: Settings,
): APIException {
  // A later rule may need a kind that is not loaded, and was not asked.
  const grants = readableGrants(found);
  const unmet = rules.map(({ requires }) => requires.filter(list => !meets(grants, list)));
  const place = rules.indexOf(refusing);
  const isUpToScopes = unmet[place]?.every(isOfScopes) === true;
  const error = withoutStack(() => (isUpToScopes ? new InsufficientScope(scopesIn(unmet)) : new PermissionDenied()));
  const reasons = rules.map((rule, index) => {
    const answer: Answer = index < place ? 'allows' : index === place ? 'refuses' : 'was not asked';
    const there = rule.requires.flatMap(({ kind, values }) => values.filter(name => isNamed(name, grants[kind])));
    const { name: permission, needed } = rule;
    return { permission, answer, needed, there: [...new Set(there)], unmet: unmet[index] ?? [] };
  });
  explain(error, { rules: reasons, isAuthenticated: true, granted: grantedNames(grants) }, isTold);
  return error;
}

function scopesIn(unmet: readonly (readonly GrantRequirement[])[]): readonly string[] {
  return [...new Set(unmet.flat().flatMap(list => (isOfScopes(list) ? list.values : [])))];
}

function isOfScopes({ kind }: GrantRequirement): boolean {
  return kind === 'scopes';
}

// Django OAuth Toolkit's ERROR_RESPONSE_WITH_SCOPES: of TokenHasScope and its subclasses, and only where scopes are missing.
function nameScopes(error: APIException, { leaf, isNegated }: Cause, controller: ApiView): void {
  if (error instanceof InsufficientScope && !isNegated && leaf.permission instanceof TokenHasScope)
    error.requiredScopes = leaf.permission.scopesFor(controller);
}

/** The answer where somebody must be authenticated, whatever the other rules say. */
export function nobody(insisting: object | undefined, { explain: isTold }: Settings): NotAuthenticated {
  const error = new NotAuthenticated();
  const permission = insisting?.constructor.name ?? '';
  const needed: Requirement = { kind: 'authenticated' };
  const rules: readonly Reason[] = [{ permission, answer: 'refuses', needed, there: [], unmet: [] }];
  explain(error, { rules, isAuthenticated: false, granted: { scopes: [], roles: [], permissions: [] } }, isTold);
  return error;
}

/** Adds the explanation to the error as a property that is not copied and not in its JSON, unless the client may see it. */
export function explain(error: APIException, explanation: Explanation, isTold: boolean): void {
  Object.defineProperty(error, 'explanation', { value: explanation, configurable: true });
  if (!isTold) return;
  const value = (): object => ({ ...(Object.getPrototypeOf(error) as APIException).toJSON.call(error), explanation });
  Object.defineProperty(error, 'toJSON', { value, configurable: true });
}

/** The other error, with the explanation of the first. */
export function explainedLike<Other extends APIException>(
  { explanation }: APIException,
  other: Other,
  { explain: isTold }: Settings,
): Other {
  if (explanation !== undefined) explain(other, explanation as Explanation, isTold);
  return other;
}

/** The part of an error's explanation that a log may hold: no name that only the token has. */
export function reasonsOf({ explanation }: { readonly explanation?: object }): readonly Reason[] | undefined {
  return (explanation as Explanation | undefined)?.rules;
}

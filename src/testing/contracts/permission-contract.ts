/** The contract that every permission class must keep. */
import type { SettingsInput } from '../../core/settings/settings';
import type { Requirement } from '../../core/requirements/requirement';
import { AllowAny, DenyAll } from '../../permissions/access';
import { definesFilter, definesObjectRule, definesViewRule, type BasePermission } from '../../permissions/base';
import { and, not, or, type PermissionRule } from '../../permissions/operators';
import { force, isAnonymous, userOf, type ForcedUser } from '../force-authenticate';
import type { LoopbackAnswer, Send } from '../loopback';
import { axiomsServerOf } from '../served-app';
import { promised, type ContractCase } from './contract-case';
import { isMetBy } from './described-requirement';
import { filterProbe, permissionMadeBy, ruleProbe, withProbes, type ProbedApp } from './probe-server';

/** A request to a route that the permission guards. */
export interface PermissionCase {
  /** Completes the phrase "a request …" in the case's name. */
  readonly title: string;
  /** The caller; default: anonymous. */
  readonly user?: ForcedUser;
  /** The HTTP method; default `GET`. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The query string, without the `?`. */
  readonly query?: string;
  /** Other members of the controller, such as `{ accessTokenScopes: ['book:read'] }`. */
  readonly controller?: object;
  /**
   * The object that the request is about. Without it, the route is not about an object. Every case of a permission with
   * `hasObjectPermission()` or `objectFilter()` needs one: without an object its negation is undecided.
   */
  readonly object?: unknown;
}

/** Options of {@link permissionContract}: the permission under test, and the requests to test it with. */
export interface PermissionContract {
  /** Creates the permission under test, as the container would. */
  readonly make: () => BasePermission;
  /** At least one. */
  readonly allowed: readonly PermissionCase[];
  /** At least one. */
  readonly refused: readonly PermissionCase[];
  /** The settings of the server; default: those of a new `TestIssuer`. */
  readonly axioms?: SettingsInput;
}

/**
 * Returns the contract of `BasePermission` as test cases over HTTP. The permission must allow or refuse each given case
 * as stated, alone and inside `and`, `or` and `not`: a permission that throws, or does not return a boolean, fails
 * there. It must also enforce exactly the requirement that `requirement()` describes.
 *
 * @throws RangeError unless there is at least one allowed and one refused case
 * @example
 * const cases = permissionContract({
 *   make: () => new IsOfTenant(),
 *   allowed: [{ title: 'of the tenant', user: { sub: 'alice', tenant: 'acme' }, headers: { 'X-Tenant': 'acme' } }],
 *   refused: [{ title: 'of another', user: { sub: 'alice', tenant: 'evil' }, headers: { 'X-Tenant': 'acme' } }],
 * });
 * for (const { name, run } of cases) it(name, run);
 */
export function permissionContract(contract: PermissionContract): readonly ContractCase[] {
  const { allowed, refused } = contract;
  if (allowed.length === 0 || refused.length === 0)
    throw new RangeError('A permission contract needs a case that is allowed and one that is refused.');
  return [
    ...allowed.flatMap(one => casesOf(contract, one, true)),
    ...refused.flatMap(one => casesOf(contract, one, false)),
  ];
}

function casesOf(contract: PermissionContract, one: PermissionCase, isAllowed: boolean): ContractCase[] {
  const verb = isAllowed ? 'allows' : 'refuses';
  const opposite = isAllowed ? 'refuses' : 'allows';
  return [
    { name: `${verb} a request ${one.title}`, run: () => checkAlone(contract, one, isAllowed) },
    { name: `${verb} it inside of and, or and two nots`, run: () => checkComposed(contract, one, isAllowed) },
    { name: `${opposite} it inside of a not`, run: () => checkNegated(contract, one, isAllowed) },
    {
      name: 'describes what it enforces, where it describes it',
      run: () => checkDescription(contract, one, isAllowed),
    },
    ...('object' in one && definesFilter(contract.make())
      ? [{ name: 'filters a list as it decides about the object', run: () => checkFilter(contract, one, isAllowed) }]
      : []),
  ];
}

async function checkAlone(contract: PermissionContract, one: PermissionCase, isAllowed: boolean): Promise<void> {
  const answer = await answerTo(contract, one, rule => rule);
  promised(isAnsweredAs(answer, one, isAllowed), `It is answered with ${shown(answer)}.`);
}

async function checkComposed(contract: PermissionContract, one: PermissionCase, isAllowed: boolean): Promise<void> {
  for (const [name, compose] of [
    ['and(AllowAny, it)', (rule: PermissionRule) => and(AllowAny, rule)],
    ['or(DenyAll, it)', (rule: PermissionRule) => or(DenyAll, rule)],
    ['or(it, DenyAll)', (rule: PermissionRule) => or(rule, DenyAll)],
    ['not(not(it))', (rule: PermissionRule) => not(not(rule))],
  ] as const) {
    const answer = await answerTo(contract, one, compose);
    promised(isAnsweredAs(answer, one, isAllowed), `${name} is answered with ${shown(answer)}.`);
  }
}

// not() does not negate `needsAuthentication`, and a class without a rule has nothing to negate.
async function checkNegated(contract: PermissionContract, one: PermissionCase, isAllowed: boolean): Promise<void> {
  const permission = contract.make();
  const isNobody = isAnonymous(one.user);
  const hasRule = definesViewRule(permission) || (definesObjectRule(permission) && 'object' in one);
  if (!hasRule || (isNobody && permission.needsAuthentication === true)) return;
  const answer = await answerTo(contract, one, not);
  promised(
    isAnsweredAs(answer, one, !isAllowed),
    `not(it) is answered with ${shown(answer)}: ${adviceFor(permission, one)}`,
  );
}

function adviceFor(permission: BasePermission, one: PermissionCase): string {
  const isUndecided = !('object' in one) && (definesObjectRule(permission) || definesFilter(permission));
  return isUndecided
    ? 'the permission has a rule about objects, and its negation is undecided without one. Give the case an object.'
    : 'return true or false, and leave the refusal to the library.';
}

async function checkDescription(contract: PermissionContract, one: PermissionCase, isAllowed: boolean): Promise<void> {
  await probed(
    contract,
    one,
    rule => rule,
    async (_, app) => {
      const { routes, settings } = axiomsServerOf(app);
      const described: Requirement | undefined = routes[0]?.permissions?.[0];
      const user = one.user === undefined ? undefined : userOf(one.user, settings);
      const isMet = described === undefined ? undefined : isMetBy(described, user, methodOf(one));
      const isRight = isMet === undefined || isMet === isAllowed;
      promised(isRight, `requirement() describes ${JSON.stringify(described)}, which says the opposite.`);
      return Promise.resolve();
    },
  );
}

// The caller may already be refused the whole list.
async function checkFilter(contract: PermissionContract, one: PermissionCase, isAllowed: boolean): Promise<void> {
  const rule = permissionMadeBy(contract.make);
  const object = { value: one.object };
  const probe = filterProbe({ path: '/probe', method: methodOf(one), rule, members: one.controller ?? {}, object });
  const answer = await withProbes([probe], contract.axioms, (send, app) => {
    force(one.user ?? { isAuthenticated: false }, axiomsServerOf(app).settings);
    return send(methodOf(one), pathOf('/probe', one), { headers: one.headers });
  });
  const isListed = answer.status === 200 && answer.body === '{"isListed":true}';
  const isRight = isListed === isAllowed && [200, 401, 403].includes(answer.status);
  promised(isRight, `A list with objectFilter() is answered with ${shownList(answer)}.`);
}

function shownList({ status, body }: LoopbackAnswer): string {
  return `${status} ${body}`;
}

function pathOf(path: string, { query }: PermissionCase): string {
  return query === undefined ? path : `${path}?${query}`;
}

function methodOf({ method = 'GET' }: PermissionCase): string {
  return method.toUpperCase();
}

function answerTo(
  contract: PermissionContract,
  one: PermissionCase,
  compose: (rule: PermissionRule) => PermissionRule,
): Promise<LoopbackAnswer> {
  return probed(contract, one, compose, (send, app) => {
    force(one.user ?? { isAuthenticated: false }, axiomsServerOf(app).settings);
    const path = 'object' in one ? '/probe/1' : '/probe';
    return send(methodOf(one), pathOf(path, one), { headers: one.headers });
  });
}

function probed<Result>(
  { make, axioms }: PermissionContract,
  one: PermissionCase,
  compose: (rule: PermissionRule) => PermissionRule,
  use: (send: Send, app: ProbedApp) => Promise<Result>,
): Promise<Result> {
  const probe = ruleProbe({
    path: '/probe',
    method: methodOf(one),
    rule: compose(permissionMadeBy(make)),
    members: one.controller ?? {},
    ...('object' in one ? { object: { value: one.object } } : {}),
  });
  return withProbes([probe], axioms, use);
}

function isAnsweredAs({ status }: LoopbackAnswer, { user }: PermissionCase, isAllowed: boolean): boolean {
  if (isAllowed) return status === 200;
  return status === (isAnonymous(user) ? 401 : 403);
}

function shown({ status, body }: LoopbackAnswer): string {
  return status === 200 ? '200' : `${status} ${body}`;
}

/** When each policy runs: the whole security flow of a request on one screen. */
import type { AuthenticationResult, BaseAuthentication } from '../authentication/base';
import { AnonymousUser } from '../authentication/user';
import { ImproperlyConfigured, Throttled } from '../core/exceptions';
import { isAuthenticated } from '../permissions/access';
import { denial, nobody } from '../permissions/denial';
import { evaluate } from '../permissions/evaluation';
import { isClosedToNobody, isEarly, leavesOf, permissionTree, type PermissionTree } from '../permissions/tree';
import { MethodOnly } from './method-only';
import { holdUntilAsked, loadObject } from './object-rules';
import { authenticationClassesOf, permissionRulesOf, throttleClassesOf } from './policies';
import type { Visit } from './visit';

/**
 * The first half, before anything of the body is read.
 * 1. Who is calling? Every authentication class is asked until one knows.
 * 2. May they? Every permission that needs nothing but the caller, the method and the controller is asked.
 */
export async function beforeTheBody(visit: Visit): Promise<void> {
  await visit.asItsRoute(async () => {
    await performAuthentication(visit);
    await checkEarlyPermissions(visit);
  });
}

/**
 * The second half, once a JSON body is parsed; before uploads are stored and parameters are validated.
 * 3. May they? The permissions that look at more of the request.
 * 4. How often?
 * 5. With this object? It is loaded, and its rules are asked; or no success leaves until they were.
 */
export async function afterTheBody(visit: Visit): Promise<void> {
  await visit.asItsRoute(async () => {
    await checkLatePermissions(visit);
    await checkThrottles(visit);
    await loadObject(visit);
  });
  if (visit.isObjectPending) holdUntilAsked(visit);
}

async function performAuthentication(visit: Visit): Promise<void> {
  setCaller(visit, { user: new AnonymousUser() }, undefined);
  visit.authenticators = authenticationClassesOf(visit.controller, visit.settings, visit.rules.decorations).map(one =>
    visit.services.make(one),
  );
  for (const authenticator of visit.authenticators) {
    const result = await authenticatedBy(authenticator, visit);
    if (result === null) continue;
    setCaller(visit, result, authenticator);
    break;
  }
  // A class may answer for nobody in particular; a mandatory one insists on somebody all the same.
  if (isAuthenticated(visit.request)) return;
  const insisting = visit.authenticators.find(
    one => one.isMandatory === true && one.isPublic?.(visit.request) !== true,
  );
  if (insisting !== undefined) throw nobody(insisting, visit.settings);
}

async function authenticatedBy(authenticator: BaseAuthentication, visit: Visit): Promise<AuthenticationResult | null> {
  try {
    return checkedResult(await authenticator.authenticate(visit.request), authenticator);
  } catch (error) {
    visit.failedAuthenticator = authenticator;
    throw error;
  }
}

function checkedResult(result: unknown, { constructor }: BaseAuthentication): AuthenticationResult | null {
  if (result === null || isResult(result)) return result;
  throw new ImproperlyConfigured(
    `${constructor.name}.authenticate must return null, or { user, auth } with a boolean user.isAuthenticated, and auth { token, claims } or left out.`,
  );
}

function isResult(result: unknown): result is AuthenticationResult {
  if (!isObject(result)) return false;
  const { user, auth = {} } = result;
  if (!isObject(user) || typeof user.isAuthenticated !== 'boolean' || !isObject(auth)) return false;
  const { token = '', claims = {} } = auth;
  return typeof token === 'string' && isObject(claims) && !Array.isArray(claims);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function setCaller(
  visit: Visit,
  { user, auth }: AuthenticationResult,
  authenticator: BaseAuthentication | undefined,
): void {
  const { request } = visit;
  request.user = user;
  request.auth = authenticator !== undefined && user.isAuthenticated ? { ...auth, authenticator } : null;
  request.authJwt = request.auth?.claims ?? null;
  if (authenticator !== undefined) visit.successfulAuthenticator = authenticator;
}

// While these are asked the controller sees a request with a method and nothing else: a rule that looks further is asked later.
async function checkEarlyPermissions(visit: Visit): Promise<void> {
  const { rules, request } = visit;
  const shown = new MethodOnly(request.method, visit);
  visit.show(shown.request, shown.response);
  try {
    const permissions = readPermissions(visit, shown);
    // A challenge names what was known at start, be it asked later.
    const known = permissions.filter((_, index) => rules.permissions?.[index] !== undefined);
    let isInOrder = true;
    for (const [index, tree] of permissions.entries()) {
      const isKnown = isEarly(tree) && !rules.isLate(index);
      isInOrder &&= isKnown;
      // The first failing member decides; where there is a body, the first that needs nothing of it.
      if (isKnown && (isInOrder || rules.readsBody)) await askEarly(visit, tree, known, shown);
      else if (!isAuthenticated(request) && isClosedToNobody(tree))
        throw nobody(leavesOf(tree)[0]?.permission, visit.settings);
    }
  } finally {
    visit.show(visit.request, visit.response);
  }
}

function readPermissions(visit: Visit, shown: MethodOnly): readonly PermissionTree[] {
  const { isExceeded, found = [] } = shown.watch(() => permissionTrees(visit));
  if (isExceeded) return [];
  visit.arePermissionsRead = true;
  visit.permissions = visit.unasked = found;
  return found;
}

function permissionTrees(visit: Visit): readonly PermissionTree[] {
  return permissionRulesOf(visit.controller, visit.settings, visit.rules.decorations).map(rule =>
    permissionTree(rule, one => visit.services.make(one)),
  );
}

async function askEarly(
  visit: Visit,
  tree: PermissionTree,
  known: readonly PermissionTree[],
  shown: MethodOnly,
): Promise<void> {
  const { isExceeded } = await shown.watchAsync(() => ask(visit, tree, known));
  if (isExceeded) leavesOf(tree).forEach(leaf => delete leaf.viewRule);
  else visit.unasked = visit.unasked.filter(one => one !== tree);
}

async function checkLatePermissions(visit: Visit): Promise<void> {
  if (!visit.arePermissionsRead) visit.unasked = visit.permissions = permissionTrees(visit);
  for (const tree of visit.unasked) await ask(visit, tree, visit.permissions);
}

async function ask(visit: Visit, tree: PermissionTree, all: readonly PermissionTree[]): Promise<void> {
  const outcome = await evaluate(tree, visit.subject);
  if (outcome.truth === false) throw await denial(outcome, all, visit.subject);
  if (outcome.truth === undefined && visit.isObjectAction) visit.isObjectPending = true;
}

// All of them are asked, and the longest wait is told, as in DRF.
async function checkThrottles(visit: Visit): Promise<void> {
  const waits: (number | undefined)[] = [];
  for (const throttleClass of throttleClassesOf(visit.controller, visit.rules.decorations)) {
    const throttle = visit.services.make(throttleClass);
    const isAllowed: unknown = await throttle.allowRequest(visit.request, visit.controller);
    if (isAllowed !== true) waits.push(throttle.wait());
  }
  if (waits.length > 0)
    throw new Throttled(Math.max(0, ...waits.filter((wait): wait is number => Number.isFinite(wait))));
}

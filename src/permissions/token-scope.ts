/** Django OAuth Toolkit's permission classes: scopes by `requiredScopes` and `requiredAlternateScopes`. */
import { METHODS } from 'node:http';
import type { Request } from 'express';
import { isByAccessToken } from '../authentication/token-demand';
import { contextOf, findContext } from '../authentication/request-context';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { Requirement } from '../core/requirements/requirement';
import { isNamed } from '../core/tokens/claims';
import { isAuthenticated } from '../authentication/caller';
import { BasePermission, decidesBeforeTheBody, type ApiView } from './base';
import { memberOf, saidOnce } from './evaluated';
import { readsWords } from './rule-readers';
import { grantNames, grantsOfRequest } from './token-claims';

const readingMethods = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Requires all of the controller's `requiredScopes`. Mirrors Django OAuth Toolkit's class of this name.
 *
 * @throws ImproperlyConfigured if the controller names no scope: that never means access.
 * @example
 * class ReportController {
 *   permissionClasses = [TokenHasScope];
 *   requiredScopes = ['report:read'];
 * }
 */
export class TokenHasScope extends BasePermission {
  override readonly needsAuthentication: boolean = true;

  override hasPermission(request: Request, controller: ApiView): boolean {
    return hasAll(request, this.scopesFor(controller, requestOf(controller, request)));
  }

  override requirement(controller: ApiView): Requirement {
    return { kind: 'scopes', match: 'all', values: this.scopesFor(controller) };
  }

  /**
   * Returns the scopes that this request needs, all of them, as a new list for each call. A subclass may add to them. If it
   * reads more of the request than its method, it is asked once a JSON body is parsed.
   */
  getScopes(request: Request, controller: ApiView): string[] {
    ignore(request);
    const scopes = listedScopes(controller);
    if (scopes.length > 0) return scopes;
    throw missing(controller, this, "requiredScopes = ['book:read'];");
  }

  override members(): readonly string[] {
    return ['requiredScopes'];
  }

  /** Returns the checked result of `getScopes`. */
  scopesFor(controller: ApiView, request?: Request): readonly string[] {
    ignore(request);
    const scopes: unknown = saidOnce(this, 'getScopes', controller, () =>
      this.getScopes(requestFor(this, controller, request), controller),
    );
    const names = grantNames('scopes', scopes);
    if (names !== undefined && names.length > 0) return names;
    throw wrong(controller, `${this.constructor.name}.getScopes must return`, 'a non-empty list of scopes');
  }
}

/**
 * Requires the setting `readScope` for GET, HEAD and OPTIONS, the setting `writeScope` for other methods, and all of the
 * controller's `requiredScopes`, if it has any. `write` does not imply `read`.
 */
export class TokenHasReadWriteScope extends TokenHasScope {
  override getScopes(request: Request, controller: ApiView): string[] {
    ignore(request);
    return [...listedScopes(controller), readOrWrite(request)];
  }
}

/** Requires each of the controller's `requiredScopes` with `:read` for GET, HEAD and OPTIONS, and with `:write` for other methods (or as the settings `readScope` and `writeScope` say). */
export class TokenHasResourceScope extends TokenHasScope {
  override getScopes(request: Request, controller: ApiView): string[] {
    return super.getScopes(request, controller).map(scope => `${scope}:${readOrWrite(request)}`);
  }
}

/**
 * Admits callers that are authenticated without an access token, and access tokens with all of `requiredScopes`. The
 * authentication class says whether it accepts access tokens, see `BaseAuthentication.isToken`.
 */
export class IsAuthenticatedOrTokenHasScope extends BasePermission {
  override readonly needsAuthentication: boolean = true;

  override hasPermission(request: Request, controller: ApiView): boolean {
    const scopes = this.scopesFor(controller);
    return (isAuthenticated(request) && !isByAccessToken(request)) || hasAll(request, scopes);
  }

  override requirement(controller: ApiView): Requirement {
    const scopes: Requirement = { kind: 'scopes', match: 'all', values: this.scopesFor(controller) };
    return { kind: 'or', of: [{ kind: 'custom', name: 'authenticated without an access token' }, scopes] };
  }

  override members(): readonly string[] {
    return ['requiredScopes'];
  }

  private scopesFor(controller: ApiView): readonly string[] {
    const scopes = listedScopes(controller);
    if (scopes.length > 0) return scopes;
    throw missing(controller, this, "requiredScopes = ['book:read'];");
  }
}

/**
 * Requires one of the alternatives that the controller's `requiredAlternateScopes` has for the method. Each is a list of
 * scopes that the token must all have, as in OpenAPI. A method without an entry is refused.
 *
 * @throws ImproperlyConfigured if the controller has no alternatives, or an empty one.
 * @example
 * class SongController {
 *   permissionClasses = [TokenMatchesOASRequirements];
 *   requiredAlternateScopes = { GET: [['song:read'], ['song:admin']], POST: [['song:create', 'song:read']] };
 * }
 */
export class TokenMatchesOASRequirements extends BasePermission {
  override readonly needsAuthentication: boolean = true;

  override hasPermission(request: Request, controller: ApiView): boolean {
    return this.alternativesFor(controller, request).some(scopes => hasAll(request, scopes));
  }

  override requirement(controller: ApiView): Requirement {
    const of = this.alternativesFor(controller).map((values): Requirement => ({
      kind: 'scopes',
      match: 'all',
      values,
    }));
    return of.length === 0 ? { kind: 'nobody' } : of.length === 1 ? (of[0] as Requirement) : { kind: 'or', of };
  }

  /** Returns the alternatives for this request, as a new list for each call. Without one, every caller is refused. A subclass may return others, and a flat list for a single one. */
  getScopes(request: Request, controller: ApiView): string[] | string[][] {
    const all = this.getRequiredAlternateScopes(request, controller);
    return Object.hasOwn(all, request.method) ? (all[request.method] ?? []).map(scopes => [...scopes]) : [];
  }

  /** Returns the alternatives by HTTP method in capitals. Default: the controller's `requiredAlternateScopes`. */
  getRequiredAlternateScopes(
    request: Request,
    controller: ApiView,
  ): Readonly<Record<string, readonly (readonly string[])[]>> {
    ignore(request);
    const given: unknown = memberOf(controller, 'requiredAlternateScopes');
    if (given === undefined || given === null)
      throw missing(controller, this, "requiredAlternateScopes = { GET: [['book:read']] };");
    if (isByMethod(given)) return given;
    throw wrong(
      controller,
      `${nameOf(controller)}.requiredAlternateScopes must have`,
      "for each HTTP method in capitals a non-empty list of non-empty lists of scopes, such as { GET: [['book:read'], ['book:admin']] }",
    );
  }

  override members(): readonly string[] {
    return ['requiredAlternateScopes'];
  }

  private alternativesFor(controller: ApiView, request?: Request): readonly (readonly string[])[] {
    const said: unknown = saidOnce(this, 'getScopes', controller, () =>
      this.getScopes(requestFor(this, controller, request), controller),
    );
    const flat = grantNames('scopes', said);
    const alternatives = flat !== undefined && flat.length > 0 ? [flat] : said;
    if (Array.isArray(alternatives) && Array.from(alternatives as unknown[]).every(isScopeList))
      return alternatives as string[][];
    throw wrong(controller, `${this.constructor.name}.getScopes must return`, 'a list of non-empty lists of scopes');
  }
}

// Before the body, the controller's request offers only its method, and notes a rule that reads more.
function requestOf(controller: ApiView, request?: Request): Request {
  return ((controller.request as unknown) ?? request) as Request;
}

function requestFor(permission: HasGetScopes, controller: ApiView, request?: Request): Request {
  const shown = requestOf(controller, request);
  if (permission.getScopes.length === 0) ignore(shown);
  return shown;
}

interface HasGetScopes {
  getScopes(request: Request, controller: ApiView): unknown;
}

// The request that stands in before the body takes one of which nothing is read for the key of a map.
function ignore(request: Request | undefined): void {
  if (request !== undefined) findContext(request);
}

function hasAll(request: Request, scopes: readonly string[]): boolean {
  const granted = grantsOfRequest(request).scopes;
  return scopes.every(scope => isNamed(scope, granted));
}

function readOrWrite(request: Request): string {
  const { readScope, writeScope } = contextOf(request).settings;
  return readingMethods.includes(request.method) ? readScope : writeScope;
}

/** Returns a copy of the controller's `requiredScopes`, so that adding to it does not change what the next request needs. */
function listedScopes(controller: ApiView): string[] {
  const names = grantNames('scopes', memberOf(controller, 'requiredScopes') ?? []);
  if (names !== undefined) return names;
  throw wrong(controller, `${nameOf(controller)}.requiredScopes must be`, "a list of scopes, such as ['book:read']");
}

function isByMethod(given: unknown): given is Record<string, readonly (readonly string[])[]> {
  const entries = Object.entries(given ?? {});
  return entries.length > 0 && entries.every(([method, lists]) => METHODS.includes(method) && isListOfLists(lists));
}

function isListOfLists(lists: unknown): boolean {
  return Array.isArray(lists) && lists.length > 0 && Array.from(lists as unknown[]).every(isScopeList);
}

function isScopeList(list: unknown): boolean {
  return (grantNames('scopes', list)?.length ?? 0) > 0;
}

function nameOf({ constructor }: ApiView): string {
  return constructor.name;
}

function wrong(controller: ApiView, what: string, expected: string): ImproperlyConfigured {
  return new ImproperlyConfigured(`The scopes of ${nameOf(controller)}.${controller.action}: ${what} ${expected}.`);
}

function missing(controller: ApiView, permission: BasePermission, example: string): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${nameOf(controller)}.${controller.action} has the permission class ${permission.constructor.name} and says no scopes: write ${example} or replace the class (AllowAny admits every caller).`,
  );
}

[TokenHasScope, IsAuthenticatedOrTokenHasScope, TokenMatchesOASRequirements].forEach(decidesBeforeTheBody);

for (const one of [TokenHasScope, TokenHasReadWriteScope, TokenHasResourceScope, IsAuthenticatedOrTokenHasScope])
  readsWords(one, ['requiredScopes']);
readsWords(TokenMatchesOASRequirements, ['requiredAlternateScopes']);

/** The rule words: every member that the library reads from a controller or sets on it, as a type and as one table. */
import type { Response } from 'express';
import type { AxiomsRequest } from '../authentication/user';
import type { ObjectFilter } from '../core/requirements/object-filter';
import type { Claims } from '../core/tokens/claims';

/** One element of `authorization_details` that a rule requires (RFC 9396 §2). */
export interface RequiredDetails {
  readonly type: string;
  /** The element must have all of these actions. */
  readonly actions?: readonly string[] | undefined;
  /** The element must have all of these locations. */
  readonly locations?: readonly string[] | undefined;
  /** Decides besides, such as by an amount in the body. Only `true` accepts the element. */
  readonly matches?: ((detail: AuthorizationDetail, request: AxiomsRequest) => Now<boolean>) | undefined;
}

/** One element of the claim `authorization_details`: frozen, plain data. */
export type AuthorizationDetail = Claims;

/** What a rule may be: a value, or a promise of it from an async getter. */
type Now<T> = T | Promise<T>;

/** What a controller declares, and what the server sets on it for each request. */
export interface ApiView {
  readonly request: AxiomsRequest;
  readonly response: Response;
  /** The handler's name. */
  readonly action: string;
  readonly authenticationClasses?: readonly object[] | undefined;
  readonly permissionClasses?: readonly object[] | undefined;
  readonly throttleClasses?: readonly object[] | undefined;
  /** The scope under which `ScopedRateThrottle` counts the requests. Without one, it counts none. */
  readonly throttleScope?: string | undefined;
  readonly accessTokenScopes?: Now<readonly string[]> | undefined;
  readonly accessTokenAnyScopes?: Now<readonly string[]> | undefined;
  readonly accessTokenAllScopes?: Now<readonly string[]> | undefined;
  readonly accessTokenRoles?: Now<readonly string[]> | undefined;
  readonly accessTokenAnyRoles?: Now<readonly string[]> | undefined;
  readonly accessTokenAllRoles?: Now<readonly string[]> | undefined;
  readonly accessTokenPermissions?: Now<readonly string[]> | undefined;
  readonly accessTokenAnyPermissions?: Now<readonly string[]> | undefined;
  readonly accessTokenAllPermissions?: Now<readonly string[]> | undefined;
  /** The scopes that `TokenHasScope` and related classes require. */
  readonly requiredScopes?: readonly string[] | undefined;
  /**
   * The scopes that `TokenMatchesOASRequirements` requires: for each HTTP method in capitals, alternative lists. The token
   * needs every scope of one of them.
   */
  readonly requiredAlternateScopes?: Readonly<Record<string, readonly (readonly string[])[]>> | undefined;
  /** The property of the object that names its owner; default `'user'`. */
  readonly ownerAttribute?: string | undefined;
  /**
   * The property of the object that names its owner's issuer, which must be the token's `iss`. By default the issuer is
   * not compared.
   */
  readonly ownerIssuerAttribute?: string | undefined;
  /**
   * Returns the name under which the caller owns objects; default: the token's `sub`. It is compared with the property
   * that `ownerAttribute` names. With several issuers, it must return different names for two callers with the same
   * `sub`. With `undefined`, the caller owns nothing.
   */
  ownerOf?(request: AxiomsRequest): Now<string | undefined>;
  /** The authentication context classes (`acr`) of which `RequiresAuthenticationContext` requires one. */
  readonly acrValues?: Now<readonly string[]> | undefined;
  /** Most seconds since the user signed in (`auth_time`), for `RequiresAuthenticationContext`. */
  readonly maxAuthenticationAge?: Now<number> | undefined;
  /** The authorization detail (RFC 9396) that `HasAuthorizationDetails` requires. */
  readonly authorizationDetails?: Now<RequiredDetails> | undefined;
  /** The methods that only read; default `GET`, `HEAD`, `OPTIONS`. */
  readonly safeMethods?: readonly string[] | undefined;
  /**
   * The handlers that are about one object, by name, in addition to the default ones: a handler whose own path has a
   * parameter or is a regex, and every PUT, PATCH and DELETE.
   */
  readonly objectActions?: readonly string[] | undefined;
  /** The handlers that are not about one object, although they are by default. The server warns about them at startup. */
  readonly notObjectActions?: readonly string[] | undefined;
  /**
   * The handlers that answer lists, by name, in addition to the default ones: every GET, HEAD and `@All()` handler that is
   * not about one object. A list under an object rule is answered only if its filter was used.
   */
  readonly listActions?: readonly string[] | undefined;
  /** The handlers that are neither lists nor about one object, as an explicit choice. */
  readonly unfilteredActions?: readonly string[] | undefined;
  /** Loads the object that an object action is about; `undefined` or `null` is a 404. */
  getObject?(): unknown;
  /** Checks the object rules of this controller on the object now; throws PermissionDenied or NotAuthenticated. */
  checkObjectPermissions(object: unknown): Promise<void>;
  /**
   * Returns the objects that this route's rules allow for the caller. With another controller's class, those that each of
   * its handlers for GET allows.
   */
  authorizedFilter(controllerClass?: ControllerClass): Promise<ObjectFilter>;
}

/** A controller class. */
export type ControllerClass = new (...dependencies: never[]) => object;

/** What a member holds. An attribute is the name of a property of the object that the request is about. */
type Kind =
  | 'classes'
  | 'names'
  | 'names by method'
  | 'number'
  | 'object'
  | 'text'
  | 'attribute'
  | 'actions'
  | 'function'
  | 'set for each request';

interface Row {
  readonly kind: Kind;
  /** Does the tripwire refuse a stock server that serves a controller with this member? `false` where apps may use the name for something else. */
  readonly tripwire: boolean;
  /** Matches the name and its misspellings, in lower case and without underscores. */
  readonly spelling?: RegExp;
  /** Another name of the same rule, which wins where a controller has both. */
  readonly yieldsTo?: keyof ApiView;
}

// prettier-ignore
const table = {
  authenticationClasses:     { kind: 'classes',              tripwire: true, spelling: /^authentications?class(es)?$/ },
  permissionClasses:         { kind: 'classes',              tripwire: true, spelling: /^permissions?class(es)?$/ },
  throttleClasses:           { kind: 'classes',              tripwire: true, spelling: /^throttles?class(es)?$/ },
  throttleScope:             { kind: 'text',                 tripwire: true, spelling: /^throttlescopes?$/ },
  accessTokenScopes:         { kind: 'names',                tripwire: true, spelling: /^accesstokens?scopes?$/, yieldsTo: 'accessTokenAnyScopes' },
  accessTokenAnyScopes:      { kind: 'names',                tripwire: true, spelling: /^accesstokens?anyscopes?$/ },
  accessTokenAllScopes:      { kind: 'names',                tripwire: true, spelling: /^accesstokens?allscopes?$/ },
  accessTokenRoles:          { kind: 'names',                tripwire: true, spelling: /^accesstokens?roles?$/, yieldsTo: 'accessTokenAnyRoles' },
  accessTokenAnyRoles:       { kind: 'names',                tripwire: true, spelling: /^accesstokens?anyroles?$/ },
  accessTokenAllRoles:       { kind: 'names',                tripwire: true, spelling: /^accesstokens?allroles?$/ },
  accessTokenPermissions:    { kind: 'names',                tripwire: true, spelling: /^accesstokens?permissions?$/, yieldsTo: 'accessTokenAnyPermissions' },
  accessTokenAnyPermissions: { kind: 'names',                tripwire: true, spelling: /^accesstokens?anypermissions?$/ },
  accessTokenAllPermissions: { kind: 'names',                tripwire: true, spelling: /^accesstokens?allpermissions?$/ },
  requiredScopes:            { kind: 'names',                tripwire: true, spelling: /^requiredscopes?$/ },
  requiredAlternateScopes:   { kind: 'names by method',      tripwire: true, spelling: /^requiredalternat(e|ive)scopes?$/ },
  ownerAttribute:            { kind: 'attribute',            tripwire: true, spelling: /^ownerattributes?$/ },
  ownerIssuerAttribute:      { kind: 'attribute',            tripwire: true, spelling: /^ownerissuerattributes?$/ },
  acrValues:                 { kind: 'names',                tripwire: true, spelling: /^acrvalues?$/ },
  maxAuthenticationAge:      { kind: 'number',               tripwire: true, spelling: /^max(imum)?authentications?age$/ },
  authorizationDetails:      { kind: 'object',               tripwire: true, spelling: /^authorizations?details?$/ },
  safeMethods:               { kind: 'names',                tripwire: true, spelling: /^safemethods?$/ },
  objectActions:             { kind: 'actions',              tripwire: true, spelling: /^objectactions?$/ },
  notObjectActions:          { kind: 'actions',              tripwire: true, spelling: /^notobjectactions?$/ },
  listActions:               { kind: 'actions',              tripwire: true, spelling: /^listactions?$/ },
  unfilteredActions:         { kind: 'actions',              tripwire: true, spelling: /^unfilteredactions?$/ },
  ownerOf:                   { kind: 'function',             tripwire: true },
  getObject:                 { kind: 'function',             tripwire: false },
  checkObjectPermissions:    { kind: 'function',             tripwire: false },
  authorizedFilter:          { kind: 'function',             tripwire: false },
  request:                   { kind: 'set for each request', tripwire: false },
  response:                  { kind: 'set for each request', tripwire: false },
  action:                    { kind: 'set for each request', tripwire: false },
} as const satisfies { readonly [Name in keyof ApiView]-?: Row };

type Table = typeof table;

export interface RuleWord extends Row {
  readonly name: keyof ApiView;
}

export const ruleWords = Object.entries(table).map(([name, row]) => ({ ...row, name })) as readonly RuleWord[];

/** The members that a controller declares as a field or as a getter. */
export const ruleNames: readonly string[] = ruleWords
  .filter(({ kind }) => kind !== 'function' && kind !== 'set for each request')
  .map(({ name }) => name);

export type NameOf<K extends Kind> = {
  [Name in keyof Table]: Table[Name]['kind'] extends K ? Name : never;
}[keyof Table];

/** Returns the names of the members of this kind. */
export function namesOf<K extends Kind>(kind: K): readonly NameOf<K>[] {
  return ruleWords.filter(word => word.kind === kind).map(({ name }) => name as NameOf<K>);
}

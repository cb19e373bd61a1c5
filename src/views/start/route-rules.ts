/** The rules of a handler as startup read them: what they require, and when they can be asked. */
import type { BaseAuthentication } from '../../authentication/base';
import { Insistence, acceptsAlike } from '../../authentication/token-demand';
import { demandedScopes, demandsProof } from '../../core/requirements/scopes';
import { whoIsLetIn } from '../../core/requirements/openness';
import type { Requirement } from '../../core/requirements/requirement';
import { inWords } from '../../core/requirements/words';
import { changedSettings } from '../../core/settings/changed-settings';
import { definesObjectRule, definesViewRule, type ApiView, type BasePermission } from '../../permissions/base';
import type { NameOf } from '../../permissions/rule-words';
import {
  hasObjectRule,
  leavesOf,
  undecidedWithoutObject,
  type PermissionLeaf,
  type PermissionTree,
} from '../../permissions/tree';
import type { BaseThrottle } from '../../throttling/base';
import { admission } from './admission';
import { type Decorations } from './decorations';
import { dependOnObjects } from './object-dependence';
import { PerMethod } from './per-method';
import { askedInOrder, type AskedPermission } from './asked-order';
import { listSources, permissionSources, type ListSources, type RuleSource } from './rule-sources';
import type { PreparedGrants } from './prepared-grants';
import type { Route } from './route';
import type { Services } from './services';

/** The name of a controller's list of handlers. */
export type ActionList = NameOf<'actions'>;

/** The requirement of one permission of the list; `undefined` if it is decided per request. */
export type Known = Requirement | undefined;

/** The parts of a handler's rules that could be read; `undefined` for a part that is decided per request. */
export interface Read {
  readonly controller: ApiView;
  readonly services: Services;
  readonly guards: readonly RouteRules[];
  readonly decorations: Decorations | undefined;
  readonly authenticators: readonly BaseAuthentication[] | undefined;
  /** The authentication classes by name. */
  readonly named: readonly { readonly name: string; readonly isMandatory: boolean }[] | undefined;
  readonly trees: readonly PermissionTree[] | undefined;
  readonly permissions: readonly Known[] | undefined;
  /** The list, where only the caller's grants decide. */
  readonly prepared: PreparedGrants | undefined;
  readonly throttles: readonly BaseThrottle[] | undefined;
  /** The requirement of each permission inside the compositions. */
  readonly requirementOfLeaves: ReadonlyMap<PermissionLeaf, Known>;
  /** The controller's lists of handlers. */
  readonly actions: Readonly<Partial<Record<ActionList, readonly string[]>>>;
  /** The lists that are `undefined` for this handler, also by a getter: the default applies. */
  readonly unset: readonly string[];
}

/** What a route is for one method. */
export interface MethodRules {
  /** The method whose rules are asked: GET for a HEAD that the handler of GET answers. */
  readonly askedAs: string;
  readonly isObjectAction: boolean;
  readonly isListAction: boolean;
  readonly dependsOnObjects: boolean;
}

/** The rules of a handler. Data that only documents and the checks at startup need is computed on access. */
export class RouteRules implements Route {
  readonly method: string | undefined;
  readonly path: string;
  readonly regex: RegExp | undefined;
  readonly isParametrized: boolean;
  readonly action: string;
  readonly readsBody: boolean;
  readonly asksBesides: readonly Requirement[];
  /** The rules of the token guards in front of the handler, which ask for themselves. */
  readonly guards: readonly RouteRules[];
  readonly declaredBy: object | undefined;
  /** The class and the handler, such as `BookController.list`. */
  readonly place: string;
  /** One requirement per permission of the list; `undefined` if the list itself is decided per request. */
  readonly permissions: readonly Known[] | undefined;
  /** The names of the throttle classes; `undefined` if the list is decided per request. */
  readonly throttling: readonly string[] | undefined;
  /** The list, where only the caller's grants decide. */
  readonly prepared: PreparedGrants | undefined;
  /** The combined decorators; `undefined` if there are no decorators. */
  readonly decorations: Decorations | undefined;
  /** Whether the list of authentication classes could be read; otherwise it is decided per request. */
  readonly isAuthenticationKnown: boolean;
  readonly #read: Read;
  /** The scopes to request, by method. */
  readonly #demandedScopes = new PerMethod<readonly string[]>();
  readonly #demandsProof = new PerMethod<boolean>();
  readonly #dependsOnObjects = new PerMethod<boolean | undefined>();
  readonly #byMethod = new PerMethod<MethodRules>();
  /** For each permission, its class if it can be asked before the body is read, and otherwise `undefined`. */
  readonly #known: readonly (object | undefined)[];

  constructor(route: Route, read: Read) {
    this.method = route.method;
    this.path = route.path;
    this.regex = route.regex;
    this.isParametrized = route.isParametrized;
    this.action = route.action;
    this.readsBody = route.readsBody;
    this.asksBesides = route.asksBesides ?? [];
    this.guards = read.guards;
    this.declaredBy = route.declaredBy;
    this.place = handlerName(read.controller, route.action);
    this.permissions = read.permissions;
    this.throttling = read.throttles?.map(({ constructor }) => constructor.name);
    this.prepared = read.prepared;
    this.decorations = read.decorations;
    this.isAuthenticationKnown = read.named !== undefined;
    this.#read = read;
    const leaves = read.trees?.flatMap(leavesOf) ?? [];
    this.#known = leaves.map(leaf => (leaf.isKnown === true ? leaf.permission.constructor : undefined));
  }

  /** The names of the authentication classes; `undefined` if the list is decided per request. */
  get authentication(): readonly string[] | undefined {
    return this.#read.named?.map(({ name }) => name);
  }

  /** The names of the authentication classes that require a caller, whatever the permissions say. */
  get insisting(): readonly string[] {
    return (this.#read.named ?? []).filter(({ isMandatory }) => isMandatory).map(({ name }) => name);
  }

  /** The authentication classes, created only for inspection; `undefined` if the list is decided per request. */
  get authenticators(): readonly BaseAuthentication[] | undefined {
    return this.#read.authenticators;
  }

  get hasObjectRule(): boolean {
    return this.trees.some(hasObjectRule);
  }

  /** The permissions of the list; none if the list is decided per request. */
  get trees(): readonly PermissionTree[] {
    return this.#read.trees ?? [];
  }

  /** Every permission of the list, including those inside compositions. */
  get leaves(): readonly BasePermission[] {
    return this.trees.flatMap(leavesOf).map(({ permission }) => permission);
  }

  /** The throttles, created only for inspection; `undefined` if the list is decided per request. */
  get throttles(): readonly BaseThrottle[] | undefined {
    return this.#read.throttles;
  }

  /** Whether startup knows the list of permissions. */
  get arePermissionsKnown(): boolean {
    return this.#read.trees !== undefined;
  }

  /**
   * The permissions of the list in the order in which they are asked; `undefined` if the list is decided per request.
   */
  get order(): readonly AskedPermission[] | undefined {
    return this.#read.trees && askedInOrder(this.trees.flatMap(leavesOf), this.#hasObjects);
  }

  // PUT represents a route that takes every method.
  get #hasObjects(): boolean {
    return this.isObjectAction(this.method ?? 'PUT');
  }

  /** The permissions that have an object rule and no rule for the request. */
  get objectOnly(): readonly BasePermission[] {
    return this.leaves.filter(one => definesObjectRule(one) && !definesViewRule(one));
  }

  /** The permissions that refuse no caller if there is no object: they have both rules, and are negated. */
  get undecidedWithoutObject(): readonly BasePermission[] {
    return this.trees.flatMap(tree => undecidedWithoutObject(tree));
  }

  /** Where each list is declared. */
  get sources(): ListSources {
    return listSources(this.#read.controller, this.decorations, this.#read.unset);
  }

  /** Where the requirement of each permission is declared. */
  get permissionSources(): readonly RuleSource[] | undefined {
    const { controller, trees } = this.#read;
    return trees && permissionSources(controller, trees, this.decorations, this.sources.permissionClasses);
  }

  /** Returns whether the handler is about one object, by default or because `objectActions` adds it. */
  isObjectAction(method: string): boolean {
    if (this.isIn('unfilteredActions')) return false;
    if (this.isIn('listActions')) return this.isIn('objectActions');
    if (this.isNotObjectAction) return false;
    return this.isIn('objectActions') || this.isObjectActionByDefault(method);
  }

  /** Returns whether the handler answers a list: `listActions` names it, or it reads and is not about one object. */
  isListAction(method: string): boolean {
    if (this.isIn('unfilteredActions')) return false;
    if (this.isIn('listActions')) return true;
    const reads = this.method === undefined || this.method === 'GET' || this.method === 'HEAD';
    return reads && !this.isObjectAction(method);
  }

  /** Returns what the route is for this method. Nothing of it changes after startup, so that it is read once. */
  ofMethod(method: string): MethodRules {
    return this.#byMethod.of(method, () => ({
      askedAs: this.askedAs(method),
      isObjectAction: this.isObjectAction(method),
      isListAction: this.isListAction(method),
      dependsOnObjects: this.dependOnObjects(method) === true,
    }));
  }

  /** Returns whether the controller's list names the handler. */
  isIn(list: ActionList): boolean {
    return this.#read.actions[list]?.includes(this.action) === true;
  }

  /**
   * Returns whether an object can change what the rules say to a caller who is let in; `undefined` if the rules are
   * decided per request.
   */
  dependOnObjects(method: string): boolean | undefined {
    return this.#dependsOnObjects.of(this.askedAs(method), asked => this.#readDependence(asked));
  }

  /** Returns whether the handler's own path has a parameter, or the method is PUT, PATCH or DELETE. */
  isObjectActionByDefault(method: string): boolean {
    return this.isParametrized || ['PUT', 'PATCH', 'DELETE'].includes(method);
  }

  /** Whether `notObjectActions` excludes the handler. */
  get isNotObjectAction(): boolean {
    return this.isIn('notObjectActions');
  }

  /** Returns the controller's list of this name. */
  listed(list: ActionList): readonly string[] | undefined {
    return this.#read.actions[list];
  }

  /**
   * Marks the permissions of a request that can be asked before the body is read, because startup could read their
   * requirements.
   */
  markKnown(trees: readonly PermissionTree[]): void {
    trees.flatMap(leavesOf).forEach((leaf, index) => {
      leaf.isKnown = leaf.permission.constructor === this.#known[index];
    });
  }

  /** Returns the method whose rules a request is asked: a handler that is not only for HEAD asks those of GET. */
  askedAs(method: string): string {
    return method === 'HEAD' && this.method !== 'HEAD' ? 'GET' : method;
  }

  /** Returns which callers the route admits with this method, with everything combined. */
  admission(method: string, services: Services = this.#read.services): Requirement {
    const asked = this.askedAs(method);
    return this.#admission(asked, services, this.isObjectAction(asked));
  }

  /**
   * Returns what the rules require for each object of the list that the handler answers; `undefined` if it answers no
   * list, or one that needs no filter.
   */
  filter(method: string, services: Services = this.#read.services): Requirement | undefined {
    if (!this.isListAction(method) || this.dependOnObjects(method) === false || !this.hasObjectRule) return undefined;
    if (this.admission(method, services).kind === 'nobody') return undefined;
    return this.#admission(this.askedAs(method), services, true);
  }

  #admission(method: string, services: Services, isObjectAction: boolean): Requirement {
    const ofGuards = this.guards.map(guard => guard.#askedInFrontOf(this, method, services));
    const others = [...this.asksBesides, ...ofGuards];
    return admission({ ...this.#read, services, others, isObjectAction }, method);
  }

  // The guard may accept another caller than the route. To the route, its rule is then code.
  #askedInFrontOf(route: RouteRules, method: string, services: Services): Requirement {
    const isOfServer = this.#read.services.settings === route.#read.services.settings;
    const asks = this.admission(method, isOfServer ? services : undefined);
    if (asks.kind === 'anyone' || (isOfServer && acceptSameCaller(this, route))) return asks;
    return { kind: 'custom', name: `requireAccessToken()${isOfServer ? '' : ' of another server'} (${inWords(asks)})` };
  }

  /**
   * Returns the scopes that a caller without a valid token should request. Scopes of rules that are decided per request
   * are unknown.
   */
  demandedScopes(method: string): readonly string[] {
    return this.#demandedScopes.of(this.askedAs(method), asked => demandedScopes(this.admission(asked)));
  }

  /** Returns whether only callers that prove a DPoP key are admitted, as far as startup knows. */
  demandsProof(method: string): boolean {
    return this.#demandsProof.of(this.askedAs(method), asked => demandsProof(this.admission(asked)));
  }

  /** The methods of the setting `publicMethods` that admit an anonymous request here only because of that setting. */
  get publicMethods(): readonly string[] {
    const { publicMethods } = this.#read.services.settings;
    return publicMethods.filter(method => this.#takes(method) && this.#isOpenedBySetting(method));
  }

  // HEAD is left out: a handler of GET, or of every method, applies the rules of GET to it.
  #takes(method: string): boolean {
    return this.method === method || (this.method === undefined && method !== 'HEAD');
  }

  #isOpenedBySetting(method: string): boolean {
    const asks = this.admission(method);
    const without = this.admission(method, withoutPublicMethods(this.#read.services));
    const isChanged = JSON.stringify(asks) !== JSON.stringify(without);
    return isChanged && ['anyone', 'undecided'].includes(whoIsLetIn(asks));
  }

  /** Returns the same rules without throttles, to explain a decision without counting a request. */
  withoutThrottles(): RouteRules {
    const decorations = { names: [], added: [], insisting: [], ...this.decorations, throttleClasses: [] };
    return new RouteRules(this, { ...this.#read, decorations, throttles: [] });
  }

  #readDependence(method: string): boolean | undefined {
    const { controller, trees, requirementOfLeaves } = this.#read;
    return trees && dependOnObjects(trees, { controller, method, requirementOfLeaves });
  }
}

/** Tells whether two lists of classes always find the same caller. */
function acceptSameCaller(...lists: readonly Pick<RouteRules, 'authenticators'>[]): boolean {
  const readers = lists.map(({ authenticators = [] }) => authenticators.filter(one => !(one instanceof Insistence)));
  const [first] = readers.flat();
  return first !== undefined && readers.every(ones => ones.length > 0 && ones.every(one => acceptsAlike(first, one)));
}

function withoutPublicMethods(services: Services): Services {
  return { ...services, settings: changedSettings(services.settings, { publicMethods: [] }) };
}

export function handlerName({ constructor }: ApiView, action: string): string {
  return `${constructor.name}.${action}`;
}

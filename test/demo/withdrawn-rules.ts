/** Every rule of the demo's controllers, each taken away from one action. */
import { AccessTokenAuthentication, AllowAny, IsSubOwnerOrSafeOnly } from 'axioms-routing-controllers';
import { getMetadataArgsStorage } from 'routing-controllers';
import { controllers, type ControllerClass } from '../../demo/controllers';
import { decorate, ownDecorations, type Decoration } from '../../src/views/start/decorations';

export interface WithdrawnRule {
  /** As in `BookController.create without HasAccessTokenScopes`. */
  readonly name: string;
  /** The requests that it is about: where the controller is mounted, and the action's method. */
  readonly route: string;
  readonly method: string;
  /** Makes the controller that lacks the rule. */
  weakened(): ControllerClass;
}

export function withdrawnRules(): WithdrawnRule[] {
  return controllers.flatMap(actionsOf).flatMap(action =>
    withdrawalsFrom(action).map(([what, withdrawn]) => ({
      name: `${action.controller.name}.${action.name} ${what}`,
      route: mountOf(action.controller).route,
      method: action.method,
      weakened: withdrawn,
    })),
  );
}

/** A subclass that says the same: the check must not tell it from the original. */
export function unchanged(controller: ControllerClass): ControllerClass {
  return weakened({ controller, name: '' }, {});
}

interface Action {
  readonly controller: ControllerClass;
  readonly name: string;
  readonly method: string;
  readonly isAboutOneObject: boolean;
}

type Members = Readonly<Record<string, unknown>>;
/** What a list of the class, or something else that it says, is instead. */
type Change = readonly [what: string, members: Members];
type Withdrawal = readonly [what: string, weakened: () => ControllerClass];

function actionsOf(controller: ControllerClass): Action[] {
  const declared = getMetadataArgsStorage().actions.filter(({ target }) => isOrExtends(controller, target));
  return declared.map(({ method: name, type, route }) => {
    return { controller, name, method: type.toUpperCase(), isAboutOneObject: String(route).includes(':') };
  });
}

function isOrExtends(controller: object, target: object): boolean {
  return controller === target || Object.prototype.isPrototypeOf.call(target, controller);
}

function withdrawalsFrom(action: Action): Withdrawal[] {
  const decorations = ownDecorations(action.controller, action.name);
  if (decorations.length > 0)
    return decorations.map(one => [`without @${one.name}`, () => undecorated(action.controller, one)]);
  return changesOf(action).map(([what, members]) => [what, () => weakened(action, members)]);
}

function changesOf(action: Action): Change[] {
  const view: Members = Object.assign(new action.controller(), {
    action: action.name,
    request: { method: action.method },
  });
  return [...fromClasses(view), ...fromThrottles(view), ...fromGrants(view), ...fromOwnership(view, action)];
}

function fromClasses({ authenticationClasses, permissionClasses }: Members): Change[] {
  const isOpen = listOf(permissionClasses).includes(AllowAny);
  if (isOpen) return [['without AllowAny', { permissionClasses: undefined }]];
  return [
    ['open to everybody', { authenticationClasses: [AccessTokenAuthentication], permissionClasses: [AllowAny] }],
    ...withoutEach('authenticationClasses', listOf(authenticationClasses)),
    ...withoutEach('permissionClasses', listOf(permissionClasses)),
  ];
}

function fromThrottles({ throttleClasses, throttleScope }: Members): Change[] {
  const scope: Change[] = throttleScope === undefined ? [] : [['without throttleScope', { throttleScope: undefined }]];
  return [...withoutEach('throttleClasses', listOf(throttleClasses)), ...scope];
}

// Where nothing of a kind is left, the rule is wrong and not gone: that is left to the permission class's own withdrawal.
function fromGrants(view: Members): Change[] {
  return ['Scopes', 'Roles', 'Permissions'].flatMap(kind => {
    const members = ['', 'Any', 'All'].map(match => `accessToken${match}${kind}`);
    const isOnly = members.flatMap(member => listOf(view[member])).length < 2;
    return isOnly ? [] : members.flatMap(member => withoutEach(member, listOf(view[member])));
  });
}

// safeMethods takes the owner's rule away from this class; that of IsSubOwner is withdrawn with the class.
function fromOwnership({ permissionClasses }: Members, { method, isAboutOneObject }: Action): Change[] {
  const isRule = listOf(permissionClasses).includes(IsSubOwnerOrSafeOnly) && isAboutOneObject && method !== 'GET';
  return isRule ? [['without ownership', { safeMethods: [method] }]] : [];
}

function withoutEach(member: string, list: readonly unknown[]): Change[] {
  return list.map(one => {
    const name = typeof one === 'function' ? one.name : String(one);
    return [`without ${name} in ${member}`, { [member]: list.filter(other => other !== one) }];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A subclass that says something else for this one action. */
function weakened({ controller, name }: Pick<Action, 'controller' | 'name'>, members: Members): ControllerClass {
  const Weakened = class extends (controller as new (...dependencies: unknown[]) => Members) {
    constructor(...dependencies: unknown[]) {
      super(...dependencies);
      for (const [member, value] of Object.entries(members)) sayFor(this, name, member, value);
    }
  };
  getMetadataArgsStorage().controllers.push({ ...mountOf(controller), target: Weakened });
  return Weakened;
}

/** A copy without this decoration: a subclass would inherit it. */
function undecorated(controller: ControllerClass, withdrawn: Decoration): ControllerClass {
  const Copy = class {};
  const members = Object.entries(Object.getOwnPropertyDescriptors(controller.prototype as object));
  const handlers = members.filter(([name]) => name !== 'constructor');
  Object.defineProperties(Copy.prototype, Object.fromEntries(handlers));
  for (const [action] of handlers) copyDecorations(controller, Copy, action, withdrawn);
  copyRoutes(controller, Copy);
  return Copy;
}

function copyDecorations(from: object, to: object, action: string, withdrawn: Decoration) {
  // Each that is written stands before those that were.
  for (const one of [...ownDecorations(from, action)].reverse()) if (one !== withdrawn) decorate(to, action, one);
}

function copyRoutes(from: object, to: object) {
  const { controllers: mounted, actions, responseHandlers } = getMetadataArgsStorage();
  for (const entries of [mounted, actions, responseHandlers] as { target: unknown }[][])
    entries.push(...entries.filter(({ target }) => target === from).map(entry => ({ ...entry, target: to })));
}

function sayFor(view: Members, action: string, member: string, value: unknown) {
  const own = Object.getOwnPropertyDescriptor(view, member);
  const inherited = Object.getPrototypeOf(view) as object;
  const said = () => (own ? own.value : Reflect.get(inherited, member, view)) as unknown;
  Object.defineProperty(view, member, { get: () => (view.action === action ? value : said()), configurable: true });
}

function mountOf(controller: ControllerClass) {
  return getMetadataArgsStorage().controllers.find(({ target }) => target === controller)!;
}

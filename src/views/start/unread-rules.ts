/** Warns of rules of controllers that nothing reads: their author relies on them, and no request is asked them. */
import type { Logger } from '../../core/settings/logger';
import type { ApiView } from '../../permissions/base';
import { ComposedPermission } from '../../permissions/operators';
import { mayBeUnread, readersOf, readingOf, type Reading } from '../../permissions/rule-readers';
import { ruleWords, type RuleWord } from '../../permissions/rule-words';
import { prototypesOf } from './controller-shape';
import type { RouteRules } from './route-rules';

/** A route, and the controller that was created only to read its rules. */
export interface ReadRoute {
  readonly rules: RouteRules;
  readonly sample: ApiView;
}

/** A controller, and the rules of all of its routes. */
interface ReadController {
  readonly sample: ApiView;
  readonly routes: readonly RouteRules[];
}

type Make = (controllerClass: new () => object) => object;

const words = ruleWords.filter(
  ({ kind, name }) =>
    ['names', 'names by method', 'number', 'object', 'text', 'attribute'].includes(kind) || name === 'ownerOf',
);

/**
 * Warns of each rule word of a controller that no policy class of its handlers reads. A rule of a base class may be read for
 * another controller with that base class. It is no error: members may be shared, or kept for a class to come.
 *
 * @param routes all routes of one server
 * @param make creates an object of a base class, which shows what that declares
 */
export function checkUnread(routes: readonly ReadRoute[], make: Make, logger: Logger): void {
  const controllers = byController(routes);
  for (const controller of controllers)
    for (const word of words) {
      if (mayBeUnread(controller.sample.constructor) || !declares(controller.sample, word)) continue;
      const reading = readingIn(controller, word);
      if (reading === 'yes' || listedReading(controller.sample, word.name) === 'yes') continue;
      const base = baseWith(controller.sample, word, make);
      if (base !== undefined && isReadFor(base, word, controllers, make)) continue;
      logger.warn(reading === 'no' ? unread : perhapsUnread, factsOf(controller, word, base));
    }
}

function byController(routes: readonly ReadRoute[]): readonly ReadController[] {
  const groups = new Map<ApiView, RouteRules[]>();
  for (const { sample, rules } of routes) groups.set(sample, [...(groups.get(sample) ?? []), rules]);
  return [...groups].map(([sample, rules]) => ({ sample, routes: rules }));
}

// An empty list requires nothing, but for the methods that only read.
function declares(controller: object, { name }: RuleWord): boolean {
  const levels = [controller, ...prototypesOf(controller)];
  const owner = levels.find(level => Object.hasOwn(level, name)) ?? controller;
  const member = Object.getOwnPropertyDescriptor(owner, name);
  // A controller whose constructor uses its services has such accessors, whatever it declares.
  if (member?.get !== undefined) return owner !== controller;
  const value: unknown = member?.value ?? undefined;
  const isEmpty = Array.isArray(value) && value.length === 0 && name !== 'safeMethods';
  return value !== undefined && !isEmpty;
}

function readingIn({ routes }: ReadController, { name, kind }: RuleWord): Reading {
  const readings = routes.flatMap(({ leaves, throttles = [] }) =>
    [...leaves, ...throttles].map(policy => readingOf(policy, name)),
  );
  const isKnown = ({ arePermissionsKnown, throttles }: RouteRules): boolean =>
    kind === 'text' ? throttles !== undefined : arePermissionsKnown;
  // Nothing can be said of a list that is decided per request.
  if (readings.includes('yes') || !routes.every(isKnown)) return 'yes';
  return readings.includes('may') ? 'may' : 'no';
}

/** Returns the base class from which the controller inherits the word as it is. */
function baseWith(controller: ApiView, { name }: RuleWord, make: Make): object | undefined {
  const [own, ...bases] = prototypesOf(controller);
  if (!Object.hasOwn(controller, name))
    return own !== undefined && Object.hasOwn(own, name) ? undefined : bases.find(base => Object.hasOwn(base, name));
  return bases.findLast(base => isSame(valueOf(controller, name), valueOf(madeOf(base, make), name)));
}

function madeOf({ constructor }: object, make: Make): object {
  return make(constructor as new () => object);
}

function valueOf(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

function isSame(one: unknown, other: unknown): boolean {
  return other !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

// The base class may list a class that reads the word, and the controller replace the list.
function isReadFor(base: object, word: RuleWord, controllers: readonly ReadController[], make: Make): boolean {
  const siblings = controllers.filter(({ sample }) => prototypesOf(sample).includes(base));
  return siblings.some(one => readingIn(one, word) !== 'no') || readsItself(madeOf(base, make), word.name);
}

// A getter may return a list that differs between subclasses.
function readsItself(base: object, word: string): boolean {
  const isGetter = (list: string): boolean =>
    prototypesOf(base).some(one => Object.getOwnPropertyDescriptor(one, list)?.get !== undefined);
  return policyLists.some(isGetter) || listedReading(base, word) !== 'no';
}

const policyLists = ['permissionClasses', 'throttleClasses'];

/** Returns what the classes in the fields read. Decorators may replace these lists for all handlers. */
function listedReading(controller: object, word: string): Reading {
  const listed = policyLists.flatMap(list => classesIn(valueOf(controller, list)));
  const readings = listed.map(one => readingOf(one.prototype as object, word));
  return (['yes', 'may'] as const).find(one => readings.includes(one)) ?? 'no';
}

function classesIn(listed: unknown): readonly { readonly prototype: unknown }[] {
  if (Array.isArray(listed)) return listed.flatMap(classesIn);
  if (listed instanceof ComposedPermission) return classesIn(listed.operands);
  return typeof listed === 'function' ? [listed] : [];
}

const unread =
  'A rule of a controller is read by nothing, so that no request is asked it: list a class that reads it, or remove it. If it is not a rule, give it another name';
const perhapsUnread =
  'A rule of a controller may be read by nothing: no class of this library that reads it is listed, and none of the listed classes names it. List a class that reads it, or name the rule in members() of the class that does';

function factsOf({ sample, routes }: ReadController, { name, kind }: RuleWord, base: object | undefined): object {
  const policies: readonly object[] = routes.flatMap<object>(({ leaves, throttles = [] }) =>
    kind === 'text' ? throttles : leaves,
  );
  return {
    controller: sample.constructor.name,
    rule: name,
    ...(base !== undefined && { declaredBy: base.constructor.name }),
    listed: [...new Set(policies.map(({ constructor }) => constructor.name))],
    readers: readersOf(name),
  };
}

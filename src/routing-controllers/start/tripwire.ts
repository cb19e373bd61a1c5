/**
 * Watches routing-controllers' own ("stock") servers: they do not know this library's rules, and answer every caller.
 */
import { ExpressDriver, KoaDriver, getFromContainer, type Action, type ActionMetadata } from 'routing-controllers';
import { isMarked, thisCopy } from '../../core/process/copies';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { ruleWords } from '../../permissions/rule-words';
import { needsNothingInjected, type Class } from './dependencies';
import { sampleOf } from './samples';
import { servedByStock, warnOfStockServers } from './stock-servers';

const tripwires = ruleWords.filter(({ tripwire }) => tripwire).map(({ name }) => name);

/** @param controller `undefined` if it cannot be created without its services */
type Check = (controllerClass: object, controller: object | undefined) => void;

const key = Symbol.for('axioms-routing-controllers/tripwire');

// All copies of this package that use the same routing-controllers share the tripwire. Each copy checks the names that
// it knows.
const checks = ((ExpressDriver as { [key]?: Map<string, Check> })[key] ??= new Map<string, Check>());

/** Makes the stock drivers refuse controllers with rules, at startup or else at each request, and record all others. */
export function setTripwire(): void {
  const isSet = checks.size > 0;
  // The key is the version: a test runner that resets the module registry loads the same version again.
  if (!checks.has(thisCopy.version)) checks.set(thisCopy.version, refuseRules);
  if (isSet) return;
  for (const { prototype } of [ExpressDriver, KoaDriver] as const)
    prototype.registerAction = watching(prototype.registerAction);
}

type RegisterAction = (meta: ActionMetadata, execute: (action: Action) => unknown) => void;

function watching(registerAction: RegisterAction): RegisterAction {
  return function (this: unknown, meta, execute) {
    const controller = tryToMake(meta);
    check(meta, controller);
    servedByStock(meta.target);
    registerAction.call(this, meta, action => {
      warnOfStockServers();
      // The fields of this controller were unknown at startup.
      if (controller === undefined) check(meta, getFromContainer<object>(meta.target, action));
      return execute(action);
    });
  };
}

function tryToMake({ target }: ActionMetadata): object | undefined {
  try {
    if (needsNothingInjected(target as Class)) return getFromContainer<object | null | undefined>(target) ?? undefined;
    const { object, isUnmade } = sampleOf(target as Class);
    return isUnmade ? undefined : object;
  } catch {
    return undefined;
  }
}

function check({ target }: ActionMetadata, controller: object | undefined): void {
  for (const refuse of checks.values()) refuse(target, controller);
}

function refuseRules(controllerClass: object, controller: object | undefined): void {
  const { name, prototype } = controllerClass as { readonly name: string; readonly prototype: object };
  const carriers = [controllerClass, prototype, ...(controller === undefined ? [] : [controller])];
  const word = tripwires.find(one => carriers.some(carrier => one in carrier));
  if (word === undefined && !isMarked(controllerClass)) return;
  throw new ImproperlyConfigured(
    `${word === undefined ? `The rules of ${name}` : `${name}.${word}`} would not be obeyed: this server comes from 'routing-controllers'. Import createExpressServer or useExpressServer from 'axioms-routing-controllers' instead.`,
  );
}

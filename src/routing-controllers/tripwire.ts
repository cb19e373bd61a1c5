/** Keeps routing-controllers' own server from serving our controllers: it knows nothing of their rules and would answer everybody. */
import { ExpressDriver, KoaDriver, getFromContainer, type ActionMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../core/exceptions';
import type { Class } from './container';

const marks = ['authenticationClasses', 'permissionClasses', 'throttleClasses'];

/** Makes the stock drivers refuse, at start or else at the first request, controllers that carry rules. */
export function setTripwire(): void {
  for (const { prototype } of [ExpressDriver, KoaDriver] as const) {
    const registerAction = prototype.registerAction;
    prototype.registerAction = function (meta: ActionMetadata, execute: (options: never) => unknown): void {
      refuseAtStart(meta);
      registerAction.call(this, meta, options => {
        refuse(getFromContainer(meta.target, options) as object);
        return execute(options as never);
      });
    };
  }
}

// What cannot be made yet is looked at when it is asked.
function refuseAtStart({ target }: ActionMetadata): void {
  const controller = tryToMake(target);
  if (controller !== undefined) refuse(controller);
}

function tryToMake(target: unknown): object | undefined {
  try {
    return getFromContainer<object>(target as Class);
  } catch {
    return undefined;
  }
}

function refuse(controller: object): void {
  const mark = marks.find(name => name in controller);
  if (mark === undefined) return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.${mark} would not be obeyed: this server comes from 'routing-controllers'. Import createExpressServer or useExpressServer from 'axioms-routing-controllers' instead.`,
  );
}

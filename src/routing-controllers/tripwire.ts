/** Keeps routing-controllers' own server from serving our controllers: it knows nothing of their rules and would answer everybody. */
import { ExpressDriver, KoaDriver, getFromContainer, type Action, type ActionMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../core/exceptions';
import { ApiController } from '../views/api-view';
import { isDecorated } from '../views/decorations';
import type { Class } from './container';

const kinds = ['Scopes', 'Roles', 'Permissions'];

const marks = [
  'authenticationClasses',
  'permissionClasses',
  'throttleClasses',
  'throttleScope',
  ...kinds.flatMap(kind => [`accessToken${kind}`, `accessTokenAny${kind}`, `accessTokenAll${kind}`]),
  'requiredScopes',
  'requiredAlternateScopes',
  'ownerAttribute',
  'ownerIssuerAttribute',
  'objectActions',
];

/** Makes the stock drivers refuse, at start or else at the first request, controllers that carry rules. */
export function setTripwire(): void {
  for (const { prototype } of [ExpressDriver, KoaDriver] as const) {
    const registerAction = prototype.registerAction;
    prototype.registerAction = function (meta: ActionMetadata, execute: (action: Action) => unknown): void {
      const controller = tryToMake(meta.target);
      if (controller !== undefined) refuse(controller);
      // What cannot be made yet is looked at when it is asked.
      const refuseLater = (action: Action): unknown => {
        refuse(getFromContainer<object>(meta.target, action));
        return execute(action);
      };
      registerAction.call(this, meta, controller === undefined ? refuseLater : execute);
    };
  }
}

function tryToMake(target: unknown): object | undefined {
  try {
    return getFromContainer(target as Class);
  } catch {
    return undefined;
  }
}

function refuse(controller: object): void {
  const { name } = controller.constructor;
  const mark = marks.find(one => one in controller);
  if (mark === undefined && !(controller instanceof ApiController) && !isDecorated(controller.constructor)) return;
  throw new ImproperlyConfigured(
    `${mark === undefined ? `The rules of ${name}` : `${name}.${mark}`} would not be obeyed: this server comes from 'routing-controllers'. Import createExpressServer or useExpressServer from 'axioms-routing-controllers' instead.`,
  );
}

/** Runs a real server around the class under test. */
import type { RequestListener } from 'node:http';
import { Get, JsonController, Method } from 'routing-controllers';
import type { AuthenticationClass, BaseAuthentication } from '../../authentication/base';
import { callerOf } from '../../authentication/caller';
import type { AxiomsRequest } from '../../authentication/user';
import type { SettingsInput } from '../../core/settings/settings';
import { matches } from '../../core/requirements/matches';
import type { ApiView, BasePermission, PermissionClass } from '../../permissions/base';
import type { PermissionRule } from '../../permissions/operators';
import { allowUnread } from '../../permissions/rule-readers';
import { keepingServices } from '../../routing-controllers/start/container';
import { createExpressServer } from '../../routing-controllers/server';
import { onLoopback, type Send } from '../loopback';
import { axiomsServerOf, type AppWithServer } from '../served-app';
import { TestIssuer } from '../test-issuer';

type ControllerClass = new () => object;

/** Returns a class whose constructor returns what `make` creates. */
export function authenticationMadeBy(make: () => BaseAuthentication): AuthenticationClass {
  return madeBy(make, 'authenticate') as unknown as AuthenticationClass;
}

/** Returns a permission class whose constructor returns what `make` creates. */
export function permissionMadeBy(make: () => BasePermission): PermissionClass {
  return madeBy(make, 'hasPermission') as unknown as PermissionClass;
}

function madeBy(make: () => object, method: string): new () => object {
  class Made {
    constructor() {
      return make();
    }
  }
  // Never called: the check of a list only requires that its classes have this method.
  Object.defineProperty(Made.prototype, method, { value: () => undefined });
  return Made;
}

/** The caller, as a probe returns it. */
export interface Caller {
  readonly isAuthenticated: boolean;
  readonly sub?: string;
}

/** Returns a controller whose `GET {path}` responds with the caller. These classes guard it. */
export function callerProbe(
  path: string,
  authenticationClasses: readonly AuthenticationClass[],
  permissionClasses: readonly PermissionRule[],
): ControllerClass {
  @JsonController(path)
  class CallerProbe {
    authenticationClasses = authenticationClasses;
    permissionClasses = permissionClasses;
    declare request: AxiomsRequest;

    @Get('/')
    who(): Caller {
      const { isAuthenticated, sub } = callerOf(this.request);
      return { isAuthenticated, sub };
    }
  }
  return CallerProbe;
}

export interface RuleProbe {
  readonly path: string;
  readonly method: string;
  readonly rule: PermissionRule;
  /** Other members of the controller. */
  readonly members: object;
  readonly object?: { readonly value: unknown };
}

/** Returns a controller with this permission. If there is an object, its route is about that object. */
export function ruleProbe({ path, method, rule, members, object }: RuleProbe): ControllerClass {
  const actions = object === undefined ? withoutObject : { getObject: () => object.value };
  @JsonController(path)
  class PermissionProbe {
    permissionClasses = [rule];

    constructor() {
      Object.assign(this, actions, members);
    }

    @Method(method.toLowerCase() as 'get', object === undefined ? '/' : '/:id')
    answer(): object {
      return {};
    }
  }
  allowUnread(PermissionProbe);
  return PermissionProbe;
}

// The handler answers neither an object nor a list.
const withoutObject = { unfilteredActions: ['answer'] };

/** Returns a controller with this permission, whose `/` answers whether the filter of its rules has the object. */
export function filterProbe({ path, method, rule, members, object }: RuleProbe): ControllerClass {
  @JsonController(path)
  class FilterProbe {
    permissionClasses = [rule];
    listActions = ['answer'];
    declare authorizedFilter: ApiView['authorizedFilter'];

    constructor() {
      Object.assign(this, members);
    }

    @Method(method.toLowerCase() as 'get', '/')
    async answer(): Promise<object> {
      return { isListed: matches(await this.authorizedFilter(), Object(object?.value) as object) };
    }
  }
  allowUnread(FilterProbe);
  return FilterProbe;
}

export type ProbedApp = AppWithServer & RequestListener;

/** Serves the controllers while `use` runs. The container keeps the services of the app under test. */
export async function withProbes<Result>(
  controllers: ControllerClass[],
  settings: SettingsInput | undefined,
  use: (send: Send, app: ProbedApp) => Promise<Result>,
): Promise<Result> {
  const issuer = new TestIssuer();
  const axioms = settings ?? issuer.settings();
  const app = keepingServices(() => createExpressServer({ controllers, axioms }));
  if (settings === undefined) issuer.attachTo(app);
  try {
    return await onLoopback(app, send => use(send, app));
  } finally {
    axiomsServerOf(app).close();
  }
}

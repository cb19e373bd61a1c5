/** What a server has for all of its requests. */
import type { Response } from 'express';
import type { AxiomsRequest } from '../../authentication/user';
import type { AccessTokenVerifier } from '../../core/tokens/access-token';
import type { APIException, ImproperlyConfigured } from '../../core/http/exceptions';
import type { Requirement } from '../../core/requirements/requirement';
import type { TokenIntrospector } from '../../core/tokens/introspection';
import type { Settings } from '../../core/settings/settings';
import type { ApiView, ControllerClass } from '../../permissions/rule-words';
import type { Decorations } from './decorations';

export interface Services {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** Returns the answer to any value that a policy threw. */
  toAnswer(error: unknown): APIException | ImproperlyConfigured;
  /** Creates an object of an authentication, permission or throttle class, dependencies included. */
  make<T extends object>(policyClass: new (...dependencies: never[]) => T): T;
  /** Whether `make` only calls the constructor of this class: no container has an object of it. */
  isMadeByNew(policyClass: new (...dependencies: never[]) => object): boolean;
  /** Returns the routes of a controller class that take GET. */
  readingRoutes(controllerClass: ControllerClass): readonly OtherRoute[];
}

/** A route of another controller class, and what it has besides the lists of its controller. */
export interface OtherRoute {
  /** The class and the handler. */
  readonly place: string;
  readonly decorations: Decorations | undefined;
  /** What the binding requires besides the permissions: `@Authorized()` and the like. */
  readonly asksBesides: readonly Requirement[];
  /** Whether `requireAccessToken()` guards the route besides. */
  readonly hasGuard: boolean;
  /** Creates a controller for this request, as the route would. */
  make(exchange: Exchange): ApiView;
}

/** A request and its response. */
export interface Exchange {
  readonly request: AxiomsRequest;
  readonly response: Response;
}

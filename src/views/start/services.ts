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
  /** Creates a controller of another class for this request, as one of its routes that read would. */
  makeOther(controllerClass: ControllerClass, exchange: Exchange): OtherController;
}

/** A controller of another class, and the rules of the route that stands for its class. */
export interface OtherController {
  readonly controller: ApiView;
  readonly rules: OtherRules;
}

/** What a route has besides the lists of its controller. */
export interface OtherRules {
  readonly decorations: Decorations | undefined;
  /** What the binding requires besides the permissions: `@Authorized()` and the like. */
  readonly asksBesides: readonly Requirement[];
  /** Whether `requireAccessToken()` guards the route besides. */
  readonly hasGuard: boolean;
}

/** A request and its response. */
export interface Exchange {
  readonly request: AxiomsRequest;
  readonly response: Response;
}

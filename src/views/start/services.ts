/** What a server has for all of its requests. */
import type { Response } from 'express';
import type { AxiomsRequest } from '../../authentication/user';
import type { AccessTokenVerifier } from '../../core/tokens/access-token';
import type { APIException, ImproperlyConfigured } from '../../core/http/exceptions';
import type { TokenIntrospector } from '../../core/tokens/introspection';
import type { Settings } from '../../core/settings/settings';
import type { ApiView, ControllerClass } from '../../permissions/rule-words';

export interface Services {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** Returns the answer to any value that a policy threw. */
  toAnswer(error: unknown): APIException | ImproperlyConfigured;
  /** Creates an object of an authentication, permission or throttle class, dependencies included. */
  make<T extends object>(policyClass: new (...dependencies: never[]) => T): T;
  /** Creates a controller of another class for this request, as its own route would. */
  makeController(controllerClass: ControllerClass, exchange: Exchange): ApiView;
}

/** A request and its response. */
export interface Exchange {
  readonly request: AxiomsRequest;
  readonly response: Response;
}

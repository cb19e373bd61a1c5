/** Lets pages of `allowedOrigins` on other origins use the endpoints (Fetch standard §3.3, "CORS protocol"). */
import type { Request, RequestHandler, Response } from 'express';
import { JsonController, Method, OnUndefined, UseBefore } from 'routing-controllers';
import type { Options } from '../options';
import { BearerChallenge } from './bearer-challenge';

type Origins = Pick<Options, 'allowedOrigins'>;

/** Fields of a request that a page may set. The endpoints ignore `Authorization`; clients may send it nevertheless. */
const requestFields = 'Authorization, Content-Type, DPoP, X-CSRF-Token';
/** Fields of a response that a page may read besides those that every page may. */
const responseFields = 'Retry-After, WWW-Authenticate, RateLimit, RateLimit-Policy';
/** How long a browser keeps the answer to a preflight, in seconds. */
const preflightAge = 600;

/** Adds the fields for the page that sent the request. Refusals have them, too, so that the page can read why. */
export function crossOrigin({ allowedOrigins }: Origins): RequestHandler {
  return (request, response, next) => {
    response.vary('Origin');
    const { origin } = request.headers;
    // An exact origin: with credentials, browsers accept no '*', and no page gets the origin of another.
    if (origin !== undefined && allowedOrigins.includes(origin))
      response.set({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Expose-Headers': responseFields,
      });
    next();
  };
}

/** Creates the controller that answers preflights of the endpoints for pages. Throttles do not count these requests. */
export function preflightController(options: Options, endpoints: readonly string[]): new () => object {
  const { prefix, allowedOrigins } = options;

  @JsonController(prefix)
  @UseBefore(crossOrigin(options))
  class PreflightController {
    authenticationClasses = [BearerChallenge];
    permissionClasses = [];
    throttleClasses = [];

    declare request: Request;
    declare response: Response;

    @OptionsAt(endpoints)
    @OnUndefined(204)
    preflight(): void {
      const { origin, 'access-control-request-method': method } = this.request.headers;
      this.response.set({ Allow: 'POST, OPTIONS', 'Cache-Control': 'no-store' });
      if (origin === undefined || method === undefined || !allowedOrigins.includes(origin)) return;
      this.response.set({
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Allow-Headers': requestFields,
        'Access-Control-Max-Age': String(preflightAge),
      });
    }
  }
  return PreflightController;
}

function OptionsAt(paths: readonly string[]): MethodDecorator {
  return (target, name, descriptor) => {
    for (const path of paths) (Method('options', path) as MethodDecorator)(target, name, descriptor);
  };
}

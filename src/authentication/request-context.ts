/** What the library knows of a request while it is answered; nobody else sees it. */
import type { Request } from 'express';
import type { AccessTokenVerifier } from '../core/access-token';
import { ImproperlyConfigured } from '../core/exceptions';
import type { TokenIntrospector } from '../core/introspection';
import type { Settings } from '../core/settings';
import type { BaseAuthentication } from './base';
import type { Caller } from './caller';

export interface RequestContext {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** The controller's authentication classes, in list order. */
  authenticators: readonly BaseAuthentication[];
  /** The one that accepted the credentials. */
  successfulAuthenticator?: BaseAuthentication;
  /** Who is calling, once that is known. */
  caller?: Caller;
  /** The `request.user` that a middleware of the app, such as Passport's, set before the first guarded route. */
  userOfApp?: unknown;
}

const contextKey = Symbol('axioms');

/** A copy of a request has the same list of header fields, and is another request. */
interface Held {
  readonly owner: unknown;
  readonly context: RequestContext | undefined;
}

interface Place {
  [contextKey]?: Held;
}

type Requesting = Place & { readonly rawHeaders?: Place };

/**
 * The context of a request of a guarded route, where it has one. It is kept with the request's `rawHeaders`: Express gives
 * each request a prototype, and thereby a shape of its own, to which a property costs microseconds. The list of its header
 * fields is an array like any other, made with it.
 */
export function findContext(request: Request): RequestContext | undefined {
  return last.owner === request ? last.context : lookUp(request);
}

// A request is asked for its context half a dozen times in a row, and each look at it costs. One request stays in memory
// until the next one comes.
let last: Held = { owner: contextKey, context: undefined };

function lookUp(request: Request): RequestContext | undefined {
  const { rawHeaders } = request as Requesting;
  const held = rawHeaders?.[contextKey];
  if (held !== undefined && (held.owner === request || held.owner === anybody)) return held.context;
  const own = (request as Requesting)[contextKey];
  // A stand-in's may be another each time.
  if (held === undefined && own === undefined) last = { owner: request, context: undefined };
  return own?.owner === request ? own.context : undefined;
}

// Of a stand-in, which may be looked at through another object.
const anybody = Symbol('anybody');

/** What stands for the `rawHeaders` of a stand-in: the context is found there, and whoever looks for more is seen. */
export function contextOnly(context: () => RequestContext | undefined, look: () => void): object {
  const traps: ProxyHandler<object> = {
    get(_, name) {
      if (name === contextKey) return { owner: anybody, context: context() } satisfies Held;
      look();
      return undefined;
    },
    has() {
      look();
      return false;
    },
    ownKeys() {
      look();
      return [];
    },
    getOwnPropertyDescriptor() {
      look();
      return undefined;
    },
  };
  return new Proxy({}, traps);
}

/** @throws ImproperlyConfigured for a request that no guarded route has received. */
export function contextOf(request: Request): RequestContext {
  const found = findContext(request);
  if (found === undefined)
    throw new ImproperlyConfigured('This request did not come through a route of axioms-routing-controllers.');
  return found;
}

export function setContext(request: Request, value: RequestContext): void {
  const before = findContext(request);
  // What the first route finds is the app's; what a later one finds may be whom the first has let in. A middleware sets a
  // property of the request's own: what is inherited is the guard's accessor.
  if (before !== undefined) value.userOfApp = before.userOfApp;
  else if (Object.hasOwn(request, 'user')) value.userOfApp = request.user;
  hold(request as Requesting, { owner: request, context: value });
}

// Where a copy of this request, or what it is a copy of, was first, it keeps its own: not enumerable, so that no copy gets it.
function hold(request: Requesting, held: Held): void {
  last = held;
  const { rawHeaders } = request;
  const first = rawHeaders?.[contextKey];
  if (rawHeaders !== undefined && (first === undefined || first.owner === request)) rawHeaders[contextKey] = held;
  else Object.defineProperty(request, contextKey, { value: held, writable: true, configurable: true });
}

/** Registers the library's services in the container, and creates policy classes with their dependencies. */
import { Container, type Constructable } from 'typedi';
import { AccessTokenVerifier } from '../../core/tokens/access-token';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { TokenIntrospector } from '../../core/tokens/introspection';
import { JwksManager } from '../../core/issuers/jwks-manager';
import { isPlain } from '../../core/process/plain';
import { Settings } from '../../core/settings/settings';
import type { Services } from '../../views/start/services';
import type { AppContainer } from './app-container';
import {
  checkDependencies,
  dependencyTypes,
  injectedMembers,
  injectedParameters,
  isPrimitive,
  isServiceType,
  isTransient,
  needsNothingInjected,
  type Class,
} from './dependencies';

/** The library's services of one server. */
export interface OwnServices {
  readonly settings: Settings;
  readonly jwksManager: JwksManager;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
}

/**
 * Registers the server's services in the container. With several servers, the services of the last one stay registered.
 */
export function registerServices({ settings, jwksManager, verifier, introspector }: OwnServices): void {
  // Registers values without a type, so that a reset of the container does not create new objects. They are global, so
  // that the containers of Container.of() do not try to create their own.
  Container.set({ id: Settings, value: settings, global: true });
  Container.set({ id: JwksManager, value: jwksManager, global: true });
  Container.set({ id: AccessTokenVerifier, value: verifier, global: true });
  Container.set({ id: TokenIntrospector, value: introspector, global: true });
}

/** Creates an object of an authentication, permission or throttle class. */
export type PolicyMaker = Services['make'];

/** How a server creates its policy classes. */
export type PolicyServices = Pick<Services, 'make' | 'isMadeByNew'>;

const serviceIds: readonly Constructable<object>[] = [Settings, JwksManager, AccessTokenVerifier, TokenIntrospector];

/**
 * Returns the registered service of this class, if the class is one of the library's services. Rules may use it at
 * startup: it belongs to the server itself, and nothing is created.
 */
export function ownService(type: unknown): object | undefined {
  const id = serviceIds.find(one => one === type);
  return id !== undefined && Container.has(id) ? Container.get(id) : undefined;
}

/**
 * Runs a function that makes a temporary server. Afterwards restores the services that were registered before, if any.
 */
export function keepingServices<Made>(make: () => Made): Made {
  const kept = serviceIds.map(id => ({ id, value: Container.has(id) ? Container.get(id) : undefined }));
  try {
    return make();
  } finally {
    for (const { id, value } of kept)
      if (value === undefined) Container.remove(id);
      else Container.set({ id, value, global: true });
  }
}

/**
 * Returns functions that create authentication, permission and throttle classes: with the container if it knows the
 * class, and otherwise with `new`. A class that needs only `new` is remembered for the server, because the container
 * searches all of its services.
 *
 * @throws ImproperlyConfigured if a class needs dependencies and the container does not know the class.
 */
export function policyMaker(container: AppContainer, own: OwnServices): PolicyServices {
  const simple = new WeakSet<Class>();
  const ownPolicies = new OwnPolicies(container, own);
  const make: PolicyMaker = policyClass => {
    if (simple.has(policyClass)) return new policyClass();
    if (container.isTypedi) checkDependencies(policyClass);
    if (container.has(policyClass)) return ownPolicies.find(policyClass) ?? container.get(policyClass);
    requireNoDependencies(policyClass);
    if (!isPlain) simple.add(policyClass);
    return new policyClass();
  };
  return { make, isMadeByNew: policyClass => simple.has(policyClass) };
}

/** The services of the server that uses the container's object of a policy class. */
const servers = new WeakMap<Class, OwnServices>();

/**
 * Creates policy classes into which a service of the library is injected. The container keeps one object per class and
 * one service of each kind, that of the last server. So every other server gets an object with its own services:
 * otherwise it would accept another server's tokens.
 */
class OwnPolicies {
  readonly #made = new Map<Class, object>();
  /** The app's services of which a warning may be needed, by the class that uses them. */
  readonly #sharing = new Map<Class, Class | undefined>();

  constructor(
    private readonly container: AppContainer,
    private readonly own: OwnServices,
  ) {}

  /** @returns `undefined` if the container's object is right for this server */
  find<T extends object>(policyClass: Class<T>): T | undefined {
    if (!this.container.isTypedi) return undefined;
    if (!usesLibrary(policyClass)) {
      this.#warnOfSharedService(policyClass);
      return undefined;
    }
    // A transient class is never shared: the container would create it for each request with the services registered by
    // then.
    const isShared = this.#isFirstUserOf(policyClass) && !isTransient(policyClass);
    if (isShared) return undefined;
    const made: object = this.#made.get(policyClass) ?? this.container.make(policyClass, type => this.#serviceOf(type));
    if (!isTransient(policyClass)) this.#made.set(policyClass, made);
    return made as T;
  }

  // A service of the app's is one object for all servers: only the app knows whether it may be made twice.
  #warnOfSharedService(policyClass: Class): void {
    if (!this.#sharing.has(policyClass)) this.#sharing.set(policyClass, serviceThatUsesLibrary(policyClass));
    const user = this.#sharing.get(policyClass);
    if (user === undefined || (this.#isFirstUserOf(policyClass) && this.#isRegistered)) return;
    // Once is enough.
    this.#sharing.set(policyClass, undefined);
    this.own.settings.logger.warn(
      `${policyClass.name} uses ${user.name}, into which a service of this library is injected, and this process has several servers: ${user.name} has the service of one of them, and accepts its tokens. Inject the library's service into ${policyClass.name} itself, and pass ${user.name} the token or the claims.`,
    );
  }

  #isFirstUserOf(policyClass: Class): boolean {
    if (!servers.has(policyClass) && this.#isRegistered) servers.set(policyClass, this.own);
    return servers.get(policyClass) === this.own;
  }

  get #isRegistered(): boolean {
    return ownService(AccessTokenVerifier) === this.own.verifier;
  }

  #serviceOf(type: unknown): object | undefined {
    return serviceIds.includes(type as Constructable<object>)
      ? (Object.values(this.own) as readonly object[]).find(service => service instanceof (type as Class))
      : undefined;
  }
}

function usesLibrary(policyClass: Class): boolean {
  const injected = [...injectedParameters(policyClass), ...injectedMembers(policyClass)];
  return injected.some(({ type }) => serviceIds.includes(type as Constructable<object>));
}

/** Returns the class of the app, among those that typedi makes for this one, into which the library's service is injected. */
function serviceThatUsesLibrary(someClass: Class, looked = new Set<Class>()): Class | undefined {
  const types = [...injectedParameters(someClass), ...injectedMembers(someClass)].map(({ type }) => type);
  for (const type of types.filter(isServiceType) as Class[]) {
    if (looked.has(type)) continue;
    looked.add(type);
    const found = usesLibrary(type) ? type : serviceThatUsesLibrary(type, looked);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Checks a class that the container does not create.
 *
 * @throws ImproperlyConfigured if something is to be injected into the class.
 */
export function requireNoDependencies(policyClass: Class): void {
  if (needsNothingInjected(policyClass)) return;
  const what = dependencyTypes(policyClass).length > 0 ? 'constructor parameters' : 'properties with @Inject()';
  throw new ImproperlyConfigured(
    `${policyClass.name} has ${what}, and the container does not know it: add @Service() to it.`,
  );
}

/** Returns the classes of the constructor parameters that the container does not know (yet). */
export function unknownDependencies(someClass: Class, container: AppContainer): readonly Class[] {
  if (!container.isTypedi) return [];
  const types = injectedParameters(someClass)
    .filter(({ isByHand }) => !isByHand)
    .map(({ type }) => type);
  return types.filter(isInjectable).filter(type => !container.has(type));
}

function isInjectable(type: unknown): type is Class {
  return typeof type === 'function' && !isPrimitive(type);
}

/** What the container holds of the library, and the policies that it makes with their dependencies. */
import { Container, type Constructable } from 'typedi';
import { AccessTokenVerifier } from '../../core/tokens/access-token';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { TokenIntrospector } from '../../core/tokens/introspection';
import { JwksManager } from '../../core/issuers/jwks-manager';
import { isPlain } from '../../core/process/plain';
import { Settings } from '../../core/settings/settings';
import type { AppContainer } from './app-container';
import {
  checkDependencies,
  dependencyTypes,
  injectedMembers,
  injectedParameters,
  isPrimitive,
  isTransient,
  needsNothingInjected,
  type Class,
} from './dependencies';

/** What a server has of the library's services. */
export interface OwnServices {
  readonly settings: Settings;
  readonly jwksManager: JwksManager;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
}

/** Makes the server's own services those of the container; with several servers the last one's win. */
export function registerServices({ settings, jwksManager, verifier, introspector }: OwnServices): void {
  // Values without a type: a reset of the container must not make others. Global: the containers of Container.of() must not
  // try to make their own.
  Container.set({ id: Settings, value: settings, global: true });
  Container.set({ id: JwksManager, value: jwksManager, global: true });
  Container.set({ id: AccessTokenVerifier, value: verifier, global: true });
  Container.set({ id: TokenIntrospector, value: introspector, global: true });
}

/** Makes an authentication, permission or throttle class. */
export type PolicyMaker = <T extends object>(policyClass: new (...dependencies: never[]) => T) => T;

const serviceIds: readonly Constructable<object>[] = [Settings, JwksManager, AccessTokenVerifier, TokenIntrospector];

/** Returns the library's service of this class. Rules may use it at startup: it is the server's own, and makes nothing. */
export function ownService(type: unknown): object | undefined {
  const id = serviceIds.find(one => one === type);
  return id !== undefined && Container.has(id) ? Container.get(id) : undefined;
}

/** Runs what makes a server beside that of the process, and leaves the container the services that it has, or none. */
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
 * Makes authentication, permission and throttle classes: by the container where they are `@Service()`s, else simply.
 * Which of them a class is, is found out once for a server: the container looks through all that it knows.
 *
 * @throws ImproperlyConfigured where one needs dependencies and nobody can give them.
 */
export function policyMaker(container: AppContainer, own: OwnServices): PolicyMaker {
  const simple = new WeakSet<Class>();
  const ownPolicies = new OwnPolicies(container, own);
  return policyClass => {
    if (simple.has(policyClass)) return new policyClass();
    if (container.isTypedi) checkDependencies(policyClass);
    if (container.has(policyClass)) return ownPolicies.find(policyClass) ?? container.get(policyClass);
    requireNoDependencies(policyClass);
    if (!isPlain) simple.add(policyClass);
    return new policyClass();
  };
}

/** The server that the container's object of a policy class works for. */
const servers = new WeakMap<Class, OwnServices>();

/**
 * Policies that have a service of the library injected. The container keeps one object of a class and one service of each
 * kind, the last server's: another server gets an object of its own, with its own services. It would take another server's
 * tokens otherwise.
 */
class OwnPolicies {
  readonly #made = new Map<Class, object>();

  constructor(
    private readonly container: AppContainer,
    private readonly own: OwnServices,
  ) {}

  /** @returns `undefined` where the container's object is right for this server */
  find<T extends object>(policyClass: Class<T>): T | undefined {
    if (!this.container.isTypedi || !usesLibrary(policyClass)) return undefined;
    if (!servers.has(policyClass) && this.#isRegistered) servers.set(policyClass, this.own);
    // A transient class is made anew for each request, with what the container has by then.
    const isShared = servers.get(policyClass) === this.own && !isTransient(policyClass);
    if (isShared) return undefined;
    const made: object = this.#made.get(policyClass) ?? this.container.make(policyClass, type => this.#serviceOf(type));
    if (!isTransient(policyClass)) this.#made.set(policyClass, made);
    return made as T;
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

/** @throws ImproperlyConfigured for a class into which something is to be injected: it is not made by the container. */
export function requireNoDependencies(policyClass: Class): void {
  if (needsNothingInjected(policyClass)) return;
  const what = dependencyTypes(policyClass).length > 0 ? 'constructor parameters' : 'properties with @Inject()';
  throw new ImproperlyConfigured(
    `${policyClass.name} has ${what}, and the container does not know it: add @Service() to it.`,
  );
}

/** The classes of the constructor's parameters that the container does not know, or not yet. */
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

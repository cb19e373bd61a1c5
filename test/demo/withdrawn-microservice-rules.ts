/** Every rule of the demo's microservice, each taken away. */
import { getMetadataArgsStorage } from 'routing-controllers';
import {
  createMicroservice,
  PhcPasswordHasher,
  type CallableAttribute,
  type Microservice,
  type MicroserviceOptions,
  type MicroserviceStore,
  type ProviderOptions,
} from 'axioms-routing-controllers/microservice';
import type { AxiomsRequest } from 'axioms-routing-controllers';
import { webClient } from '../../demo/authorization-server/clients';
import { controllers, type ControllerClass } from '../../demo/controllers';
import { ArticleController } from '../../demo/controllers/article-controller';
import { microserviceOptions, type MicroservicePlace } from '../../demo/microservice';
import { ged } from '../../demo/users';

export interface WithdrawnMicroserviceRule {
  readonly name: string;
  /** The first request whose answer tells, and who sends it. */
  readonly noticedBy: string;
  weakened(place: MicroservicePlace): Microservice;
  readonly controllers?: ControllerClass[];
}

type Change = Partial<MicroserviceOptions> | ((place: MicroservicePlace) => Partial<MicroserviceOptions>);

/** The check must not tell it from the original. */
export const unchangedMicroservice = withdrawn('nothing', 'nothing', {});

export function withdrawnMicroserviceRules(): WithdrawnMicroserviceRule[] {
  return [...ofSignIn(), ...ofTokens(), ...ofSessions(), ...ofRequests(), ...ofProviders()];
}

function ofSignIn(): WithdrawnMicroserviceRule[] {
  return [
    withdrawn('a check of passwords', 'POST /auth/sign-in/, ged, wrong password', {
      passwordHasher: Object.assign(new PhcPasswordHasher(), { verify: () => Promise.resolve(true) }),
    }),
    withdrawn('a check of names', 'POST /auth/sign-in/, unknown user', ({ users }) => {
      const findByUsername = users.findByUsername.bind(users);
      return { users: Object.assign(users, { findByUsername: () => findByUsername(ged.name) }) };
    }),
  ];
}

function ofTokens(): WithdrawnMicroserviceRule[] {
  const isScope = ({ attrName }: CallableAttribute) => attrName === 'scope';
  return [
    withdrawn('scopes in its tokens', "GET /books, ged's own token", place => ({
      customTokenCallableAttributes: claimsAt(place).filter(claim => !isScope(claim)),
    })),
    withdrawn('scopes by user', "POST /books, ged's own token", place => ({
      customTokenCallableAttributes: claimsAt(place).map(claim =>
        isScope(claim) ? { ...claim, attrGetter: () => 'book:read book:create' } : claim,
      ),
    })),
    withdrawn('roles by user', 'GET /role, bob, exchanged', place => ({
      customTokenCallableAttributes: claimsAt(place).map(claim =>
        claim.attrName === 'roles' ? { ...claim, attrGetter: () => ged.roles } : claim,
      ),
    })),
    {
      ...withdrawn('issuers of owners', "PATCH /articles/{ged's}, a namesake of ged's", {}),
      controllers: controllers.map(one => (one === ArticleController ? withOwnersBySubAlone() : one)),
    },
  ];
}

function ofSessions(): WithdrawnMicroserviceRule[] {
  return [
    withdrawn('rotation', 'POST /auth/refresh/, ged, replayed', { rotateRefreshTokens: false }),
    withdrawn('a denylist', 'GET /protected, ged, after the replay', { denylist: undefined }),
    withdrawn('an end of sessions', 'POST /auth/refresh/, ged, after the replay', ({ store }) =>
      withStore(store, { removeFamily: () => Promise.resolve(true) }),
    ),
    withdrawn('log-off everywhere', 'GET /protected, ged, elsewhere', ({ store }) =>
      withStore(store, { familiesOf: () => Promise.resolve([]) }),
    ),
  ];
}

function ofRequests(): WithdrawnMicroserviceRule[] {
  return [
    withSession('origins', 'POST /auth/sign-in/, ged, cross-site', withoutOrigin, ['signIn']),
    withoutCsrf('refresh', 'POST /auth/refresh/, ged, no CSRF token'),
    withoutCsrf('logOff', 'POST /auth/logoff/, ged, no CSRF token'),
    withSession('JSON alone', 'POST /auth/refresh/, ged, as a form', (session, body) => {
      session.request.headers['content-type'] = 'application/json';
      return body;
    }),
  ];
}

function ofProviders(): WithdrawnMicroserviceRule[] {
  const exchanged = (who: string) => `POST /auth/social-exchange/, bob, ${who}`;
  return [
    withdrawn('an expiry of ID tokens', exchanged('expired'), place => ({
      idp: { ...providerAt(place), clockTolerance: 300 },
    })),
    withdrawn('an audience of ID tokens', exchanged("another app's"), place => ({
      idp: [providerAt(place), { ...providerAt(place), name: 'web', clientId: webClient('').client_id }],
    })),
    withdrawn('verified addresses', exchanged('an unverified address'), place => ({
      idp: { ...providerAt(place), requireVerifiedEmail: false },
    })),
    withdrawn('identities beside addresses', exchanged("ged's address"), place => ({
      idp: { ...providerAt(place), linkByVerifiedEmail: true },
    })),
  ];
}

function withdrawn(name: string, noticedBy: string, change: Change): WithdrawnMicroserviceRule {
  const weakened = (place: MicroservicePlace) => {
    const changes = typeof change === 'function' ? change(place) : change;
    return createMicroservice({ ...microserviceOptions(place), logger: silent, ...changes });
  };
  return { name, noticedBy, weakened };
}

const ignore = () => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function claimsAt(place: MicroservicePlace): readonly CallableAttribute[] {
  return microserviceOptions(place).customTokenCallableAttributes ?? [];
}

function providerAt(place: MicroservicePlace): ProviderOptions {
  return microserviceOptions(place).idp as ProviderOptions;
}

// Each start has a store of its own.
function withStore(store: MicroserviceStore, change: Partial<MicroserviceStore>): Partial<MicroserviceOptions> {
  return { store: Object.assign(store, change) };
}

/** The controller of the session, as far as it is weakened here. */
interface Session {
  readonly request: AxiomsRequest;
  csrf(body: unknown): object;
  signIn(body: unknown): unknown;
  refresh(body: unknown): unknown;
  logOff(body: unknown): unknown;
}

type SessionClass = new () => Session;
type Action = 'signIn' | 'refresh' | 'logOff';

// An allowed origin of another site stops the start.
function withoutOrigin(session: Session, body: unknown): unknown {
  delete session.request.headers.origin;
  return body;
}

function withoutCsrf(action: 'refresh' | 'logOff', noticedBy: string): WithdrawnMicroserviceRule {
  const withRightToken = (session: Session, body: unknown) => ({ ...(body as object), ...session.csrf(undefined) });
  return withSession(`CSRF tokens to ${action}`, noticedBy, withRightToken, [action]);
}

/** With other bodies than were sent. */
function withSession(
  name: string,
  noticedBy: string,
  other: (session: Session, body: unknown) => unknown,
  actions: readonly Action[] = ['refresh'],
): WithdrawnMicroserviceRule {
  const rule = withdrawn(name, noticedBy, {});
  const weakened = (place: MicroservicePlace) => {
    const microservice = rule.weakened(place);
    const [session, ...rest] = microservice.controllers as [SessionClass, ...(new () => object)[]];
    return { ...microservice, controllers: [subclassOf(session, actions, other), ...rest] };
  };
  return { ...rule, weakened };
}

function subclassOf(
  session: SessionClass,
  actions: readonly Action[],
  other: (session: Session, body: unknown) => unknown,
): new () => object {
  const Weakened = class extends session {};
  const original = session.prototype as Session;
  for (const action of actions)
    Weakened.prototype[action] = function (this: Session, body: unknown) {
      return original[action].call(this, other(this, body));
    };
  return mountedAs(session, Weakened);
}

function withOwnersBySubAlone(): ControllerClass {
  const Weakened = class extends ArticleController {
    override ownerIssuerAttribute = undefined as unknown as string;
    override ownerOf = ({ user }: AxiomsRequest) => user?.sub;
  };
  return mountedAs(ArticleController, Weakened);
}

function mountedAs<Class extends ControllerClass>(original: ControllerClass, weakened: Class): Class {
  const { controllers: mounted } = getMetadataArgsStorage();
  mounted.push({ ...mounted.find(({ target }) => target === original)!, target: weakened });
  return weakened;
}

/** Assembles the microservice. */
import { offerKeys } from '../core/issuers/local-issuers';
import { systemClock } from '../core/time/steady-clock';
import { preflightController } from './controllers/cross-origin';
import { metadataController } from './controllers/metadata-controller';
import { loginController, sessionController, socialExchangeController } from './controllers/session-controller';
import { CsrfTokens } from './cookies/csrf-tokens';
import { SessionCookies } from './cookies/session-cookies';
import { SignedValues } from './cookies/signed-value';
import { IdentityProvider } from './identity-providers/identity-provider';
import { LoginPages } from './identity-providers/login-pages';
import { ProviderLogin } from './identity-providers/provider-login';
import { SocialExchange } from './identity-providers/social-exchange';
import { checkOptions, type MicroserviceOptions, type Options } from './options';
import { RefreshFamilies } from './refresh/refresh-families';
import { SessionDenials } from './refresh/session-denials';
import { Secrets } from './secrets';
import { Sessions } from './sessions';
import { reachable } from './stores/reachable-store';
import { Sweep } from './stores/sweep';
import { AccessTokens } from './tokens/access-tokens';
import { DpopProofs } from './tokens/dpop-proofs';
import { SigningKeys, type NewSigningKey } from './tokens/signing-keys';
import { PhcPasswordHasher } from './users/password-hasher';
import { PasswordSignIn } from './users/password-sign-in';
import { MemorySignInAttempts } from '../core/attempts/sign-in-attempts';

/** A token microservice, as `createMicroservice` returns it. */
export interface Microservice {
  /** Its controllers, for the app's list. */
  readonly controllers: (new () => object)[];
  /**
   * Ends all sessions of a user, on every device. Store a changed password, or deactivate the user, first: then a sign-in
   * that is under way is refused, too.
   *
   * @param userId the `id` of the user in the user store
   * @throws TypeError if `userId` is no text, or an empty one
   * @throws ServiceUnavailable if a store did not answer. No session that could be removed can be refreshed any more, but
   * access tokens may not be revoked: call again, or they live until they expire.
   */
  logOffEverywhere(userId: string): Promise<void>;
  /**
   * Creates the next signing key. It is published now and signs after `overlap`.
   *
   * @param overlap in seconds; default: the option `signingKeyOverlap`. 0 is for a key that has leaked: the new key signs
   * immediately, and all earlier keys are withdrawn. Every token that they signed is refused, in this process immediately.
   */
  rotateKeys(overlap?: number): Promise<NewSigningKey>;
  /** Closes connections and timers, so that the process can exit. */
  close(): Promise<void>;
}

/**
 * Creates a microservice that signs an API's users in, by password or by the tokens of an identity provider. The page
 * gets short-lived access tokens, and refresh tokens in cookies that scripts cannot read. A server of this library in
 * the same process gets the keys without HTTP.
 *
 * @throws ImproperlyConfigured for a missing, unknown or invalid option; the message has the fix
 * @example
 * const issuer = 'https://api.example.com';
 * const microservice = createMicroservice({ issuer, audience: issuer, secret: SECRET, users, store });
 * const app = createExpressServer({
 *   controllers: [...microservice.controllers, BookController],
 *   axioms: { issuerUrl: issuer, audience: issuer },
 * });
 */
export function createMicroservice(input: MicroserviceOptions): Microservice {
  const options = withReachable(checkOptions(input));
  const { store, logger, clock, signingKeyStore } = options;
  const secrets = new Secrets(options.secret);
  const signingKeys = new SigningKeys({ ...options, algorithm: options.signingAlgorithm }, signingKeyStore, secrets);
  const denylist = options.denylist === undefined ? undefined : new SessionDenials(options.denylist, options);
  const families = new RefreshFamilies(options, { store, secrets, denylist });
  const sweep = new Sweep(store, logger, clock);
  const providers = providersOf(options);
  const social = socialWay(providers, options);
  const sessions = new Sessions(options, {
    families,
    sweep,
    social,
    cookies: cookiesOf(options, secrets),
    accessTokens: new AccessTokens(options, signingKeys),
    proofs: new DpopProofs(store, clock),
    passwords: passwordWay(options),
  });
  const withdraw = offerKeys(options.issuer, () => signingKeys.published());
  return {
    controllers: [
      sessionController(options, sessions),
      ...(social === undefined ? [] : providerControllers(options, sessions, social, secrets)),
      ...preflightControllers(options),
      metadataController(options, signingKeys),
    ],
    async logOffEverywhere(userId) {
      requireUserId(userId);
      await families.removeAll(userId);
    },
    rotateKeys: overlap => signingKeys.rotate(overlap),
    async close() {
      withdraw();
      for (const provider of providers) provider.close();
      await sweep.end();
      await store.close();
    },
  };
}

// An id of another type finds no session, and the call would end none of them silently.
function requireUserId(userId: unknown): void {
  if (typeof userId !== 'string' || userId === '')
    throw new TypeError(
      "logOffEverywhere() takes the user's id, as the user store returns it: a text that is not empty.",
    );
}

// Pages of the API's own origin send no preflight.
function preflightControllers(options: Options) {
  const { allowedOrigins, externalUrl, idp } = options;
  if (allowedOrigins.every(origin => origin === new URL(externalUrl).origin)) return [];
  const exchange = idp === undefined ? [] : ['/social-exchange'];
  return [preflightController(options, ['/sign-in', '/refresh', '/csrf', '/logoff', ...exchange])];
}

function withReachable(options: Options): Options {
  const { store, signingKeyStore, users, denylist, logger } = options;
  const reachableStore = reachable(store, 'store', logger);
  return {
    ...options,
    store: reachableStore,
    signingKeyStore: signingKeyStore === store ? reachableStore : reachable(signingKeyStore, 'store', logger),
    users: reachable(users, 'users', logger),
    denylist: denylist === undefined ? undefined : reachable(denylist, 'denylist', logger),
  };
}

function cookiesOf(options: Options, secrets: Secrets): SessionCookies {
  const { cookieSalt, clock } = options;
  return new SessionCookies(options, new SignedValues(secrets, cookieSalt, clock), new CsrfTokens(secrets));
}

function passwordWay({ users, passwordHasher, signInAttempts, refusalTime, clock, logger }: Options): PasswordSignIn {
  const hasher = passwordHasher ?? new PhcPasswordHasher({ logger });
  return new PasswordSignIn(users, hasher, signInAttempts ?? attemptsBy(clock), { refusalTime, clock, logger });
}

// By default the counter uses its own clock, which cannot be set, unlike the system's.
function attemptsBy(clock: () => number): MemorySignInAttempts {
  return Object.assign(new MemorySignInAttempts(), clock === systemClock ? {} : { clock });
}

function providersOf({ idp, fetch, clock, logger }: Options): readonly IdentityProvider[] {
  const list = idp === undefined ? [] : [idp].flat();
  return list.map(one => new IdentityProvider(one, { clock, logger, ...(fetch === undefined ? {} : { fetch }) }));
}

function socialWay(providers: readonly IdentityProvider[], options: Options): SocialExchange | undefined {
  const { users, userUuidField, clock, logger } = options;
  return providers.length === 0 ? undefined : new SocialExchange(providers, users, { userUuidField, clock, logger });
}

function providerControllers(options: Options, sessions: Sessions, social: SocialExchange, secrets: Secrets) {
  const { externalUrl: baseUrl, prefix, allowedOrigins, clock, logger } = options;
  const key = secrets.key('login');
  const login = new ProviderLogin(social, { baseUrl, prefix, allowedOrigins, key, clock, logger });
  return [
    socialExchangeController(options, sessions, social),
    loginController(options, new LoginPages(login, sessions)),
  ];
}

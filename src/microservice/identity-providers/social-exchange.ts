/** Exchanges a provider's tokens for a user of the app. */
import { createHash, randomBytes } from 'node:crypto';
import { parseCompactJws, type Claims } from '../../core/jws/compact-jws';
import { consoleLogger } from '../../core/settings/logger';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { textFields } from '../invalid-fields';
import type { NewUser, User } from '../users/user';
import { UserConflict, type UserStore } from '../users/user-store';
import type { VerifiedIdentity } from './identity';
import type { IdentityProvider } from './identity-provider';
import { asRefusal, IdentityRefused } from './refusal';

export interface SocialExchangeOptions {
  /** Returns attributes that a new user gets in addition to name, e-mail address, given and family name. */
  readonly profile?: (identity: VerifiedIdentity) => Readonly<Record<string, unknown>>;
  /** The attribute in which the subject is stored, too. */
  readonly userUuidField?: string | undefined;
  /** Milliseconds since 1970; default: `Date.now()`. */
  readonly clock?: () => number;
  readonly logger?: Logger;
}

const fields = {
  id_token: { isRequired: true, longest: 65_536 },
  access_token: { isRequired: false, longest: 65_536 },
  nonce: { isRequired: false, longest: 1024 },
};

/**
 * Finds the user with the identity that a provider's tokens prove, or creates one the first time. Users are identified
 * by issuer and subject. An e-mail address alone never identifies an account.
 *
 * @example
 * const exchange = new SocialExchange([new IdentityProvider({ provider: 'google', clientId })], users);
 * const user = await exchange.exchange({ id_token });
 */
export class SocialExchange {
  readonly #profile: (identity: VerifiedIdentity) => Readonly<Record<string, unknown>>;
  readonly #clock: () => number;
  readonly #logger: Logger;

  /** @throws ImproperlyConfigured for two providers with the same name */
  constructor(
    readonly providers: readonly IdentityProvider[],
    private readonly users: UserStore,
    options: SocialExchangeOptions = {},
  ) {
    refuseSameNames(providers);
    const { profile = () => ({}), userUuidField, clock = () => Date.now(), logger = consoleLogger } = options;
    this.#profile = identity => ({
      ...profile(identity),
      ...(userUuidField === undefined ? {} : { [userUuidField]: identity.subject }),
    });
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Verifies the tokens and returns their user.
   *
   * @param body the unchecked body: `id_token`, and optionally `access_token` and `nonce`; other members are ignored
   * @throws InvalidFields for a body without an `id_token`
   * @throws IdentityRefused (401) if a token is not acceptable, or the account cannot be used
   * @throws ServiceUnavailable if the provider's keys are unavailable
   */
  async exchange(body: unknown): Promise<User> {
    const { id_token = '', access_token, nonce } = textFields(body, fields);
    try {
      const provider = this.#providerOf(id_token);
      return await this.signIn(await provider.verify({ id_token, access_token, nonce }));
    } catch (error) {
      this.#report(error);
      throw error;
    }
  }

  /**
   * Returns the user with this identity. Creates the user if there is none.
   *
   * @throws IdentityRefused if the account cannot be used
   */
  async signIn(identity: VerifiedIdentity): Promise<User> {
    const user = (await this.users.findByIdentity(identity)) ?? (await this.#atFirstSight(identity));
    refuseInactive(user);
    await this.users.touchLogin(user.id, new Date(this.#clock()));
    return user;
  }

  // The unverified claims only choose the provider that verifies. Of several clients of one issuer it is the token's
  // audience.
  #providerOf(token: string): IdentityProvider {
    const claims = unverifiedClaims(token);
    const named = this.providers.filter(provider => provider.isNamedBy(claims));
    const { aud } = claims;
    const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
    const chosen = named.find(({ definition }) => audiences.includes(definition.clientId)) ?? named[0];
    if (chosen === undefined) throw new IdentityRefused('The ID token is from another issuer', 'token_issuer');
    return chosen;
  }

  async #atFirstSight(identity: VerifiedIdentity): Promise<User> {
    const holders = identity.email === undefined ? [] : await this.users.findByEmail(identity.email);
    return holders.length === 0 ? this.#create(identity) : this.#link(identity, holders);
  }

  async #link(identity: VerifiedIdentity, holders: readonly User[]): Promise<User> {
    const mayLink = this.#definitionOf(identity)?.linkByVerifiedEmail === true;
    const [holder] = holders;
    if (!mayLink || holder === undefined || holders.length > 1) return this.#orOfTheSame(identity, 'account_exists');
    refuseInactive(holder);
    try {
      await this.users.link(holder.id, { issuer: identity.issuer, subject: identity.subject });
    } catch (error) {
      if (error instanceof UserConflict) return this.#orOfTheSame(identity, 'account_conflict');
      throw error;
    }
    return holder;
  }

  #definitionOf({ provider }: VerifiedIdentity): IdentityProvider['definition'] | undefined {
    return this.providers.find(({ name }) => name === provider)?.definition;
  }

  // If the name is taken by another user, the new user gets the next one.
  async #create(identity: VerifiedIdentity, [username = '', ...others] = namesFor(identity)): Promise<User> {
    try {
      return await this.users.create(this.#newUser(identity, username));
    } catch (error) {
      if (!(error instanceof UserConflict)) throw error;
      if (error.reason === 'username' && others.length > 0)
        return (await this.users.findByIdentity(identity)) ?? this.#create(identity, others);
      return this.#orOfTheSame(identity, error.reason === 'email' ? 'account_exists' : 'account_conflict');
    }
  }

  #newUser(identity: VerifiedIdentity, username: string): NewUser {
    const { issuer, subject, email, givenName, familyName } = identity;
    return { givenName, familyName, ...this.#profile(identity), username, email, identity: { issuer, subject } };
  }

  // Of two simultaneous first exchanges, the second one finds the user that the first one created.
  async #orOfTheSame(identity: VerifiedIdentity, reason: 'account_exists' | 'account_conflict'): Promise<User> {
    const user = await this.users.findByIdentity(identity);
    if (user === undefined)
      throw new IdentityRefused('The account belongs to somebody who signs in in another way', reason);
    return user;
  }

  #report(error: unknown): void {
    if (error instanceof IdentityRefused)
      this.#logger.info("A provider's tokens were not exchanged", { reason: error.reason });
  }
}

function refuseSameNames(providers: readonly IdentityProvider[]): void {
  const names = providers.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw new ImproperlyConfigured(`Two identity providers are called '${repeated}': give one of them another 'name'.`);
}

function refuseInactive({ isActive }: User): void {
  if ((isActive as unknown) !== true) throw new IdentityRefused('The account is not active', 'account_inactive');
}

function unverifiedClaims(token: string): Claims {
  try {
    return parseCompactJws(token, 65_536).claims;
  } catch (error) {
    throw asRefusal(error, 'ID token');
  }
}

/**
 * Returns the names that a new user may get, in order of preference. An attacker can take every name that can be
 * computed, so the last names are random.
 */
function namesFor(identity: VerifiedIdentity): readonly string[] {
  const own = nameFor(identity);
  const random = Array.from({ length: randomNames }, () => `${own}-${randomBytes(8).toString('hex')}`);
  return [...chosenName(identity), own, ...random];
}

const randomNames = 3;

// A name in the form of those that this module makes would take another user's.
function chosenName({ username }: VerifiedIdentity): readonly string[] {
  return username === undefined || madeName.test(username) ? [] : [username];
}

const madeName = /-[0-9a-f]{20}(?:-[0-9a-f]{16})?$/i;

/** Returns a name that is always the same for one identity. */
function nameFor({ provider, issuer, subject }: VerifiedIdentity): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex');
  return `${provider}-${digest.slice(0, 20)}`;
}

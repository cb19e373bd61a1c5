/** A provider's tokens for a user of our own. */
import { createHash } from 'node:crypto';
import { parseCompactJws, type Claims } from '../../core/compact-jws';
import { consoleLogger } from '../../core/console-logger';
import { ImproperlyConfigured } from '../../core/exceptions';
import type { Logger } from '../../core/setting-kinds';
import { textFields } from '../invalid-fields';
import type { NewUser, User } from '../users/user';
import { UserConflict, type UserStore } from '../users/user-store';
import type { VerifiedIdentity } from './identity';
import type { IdentityProvider } from './identity-provider';
import { asRefusal, IdentityRefused } from './refusal';

export interface SocialExchangeOptions {
  /** Attributes that a new user gets beside name, e-mail address, given and family name. */
  readonly profile?: (identity: VerifiedIdentity) => Readonly<Record<string, unknown>>;
  /** The attribute that gets the subject too. */
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
 * Finds the user with the identity that a provider's tokens prove, or makes one at first sight. Users are known by issuer
 * and subject; an e-mail address alone leads to nobody's account.
 *
 * @example
 * const exchange = new SocialExchange([new IdentityProvider({ provider: 'google', clientId })], users);
 * const user = await exchange.exchange({ id_token });
 */
export class SocialExchange {
  readonly #profile: (identity: VerifiedIdentity) => Readonly<Record<string, unknown>>;
  readonly #clock: () => number;
  readonly #logger: Logger;

  /** @throws ImproperlyConfigured for two providers with the same name. */
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
   * @param body as it was sent: `id_token`, and `access_token` and `nonce` where there are such; the rest is not looked at
   * @throws InvalidFields for a body without an `id_token`.
   * @throws IdentityRefused (401) where a token is not acceptable, or the account is not to be had.
   * @throws ServiceUnavailable where the provider's keys cannot be had.
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

  /** The user with this identity, found or made. @throws IdentityRefused where the account is not to be had. */
  async signIn(identity: VerifiedIdentity): Promise<User> {
    const user = (await this.users.findByIdentity(identity)) ?? (await this.#atFirstSight(identity));
    refuseInactive(user);
    await this.users.touchLogin(user.id, new Date(this.#clock()));
    return user;
  }

  // Only to choose who verifies: of several clients at one issuer the one that the token is for.
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

  async #create(identity: VerifiedIdentity, username = identity.username ?? nameFor(identity)): Promise<User> {
    try {
      return await this.users.create(this.#newUser(identity, username));
    } catch (error) {
      if (!(error instanceof UserConflict)) throw error;
      // Somebody else's name is not a reason to be them, nor to be nobody.
      if (error.reason === 'username' && username !== nameFor(identity))
        return this.#create(identity, nameFor(identity));
      return this.#orOfTheSame(identity, error.reason === 'email' ? 'account_exists' : 'account_conflict');
    }
  }

  #newUser(identity: VerifiedIdentity, username: string): NewUser {
    const { issuer, subject, email, givenName, familyName } = identity;
    return { givenName, familyName, ...this.#profile(identity), username, email, identity: { issuer, subject } };
  }

  // Of two first exchanges at the same time the one that comes second finds the user of the first.
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

/** A name that nobody else has, the same for the same identity. */
function nameFor({ provider, issuer, subject }: VerifiedIdentity): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex');
  return `${provider}-${digest.slice(0, 20)}`;
}

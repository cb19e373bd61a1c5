/** What a provider's tokens said about somebody, once every check held. */
import type { Claims } from '../../core/claims';
import type { Identity } from '../users/user';

/** What the provider of an exchange sends. Only `id_token` is required; the rest of the provider's answer is ignored. */
export interface ProviderTokens {
  readonly id_token: string;
  readonly access_token?: string | undefined;
  /** The nonce that our own login sent; the ID token must have it. */
  readonly nonce?: string | undefined;
}

/** Somebody whose provider's tokens are good. */
export interface VerifiedIdentity extends Identity {
  /** Name of the provider in the configuration. */
  readonly provider: string;
  /** Only where the provider says that it is verified. */
  readonly email: string | undefined;
  /** The name the provider knows them by; nothing may be decided by it. */
  readonly username: string | undefined;
  /** Empty where the provider does not say. */
  readonly givenName: string;
  readonly familyName: string;
  /** Of the ID token. */
  readonly claims: Claims;
}

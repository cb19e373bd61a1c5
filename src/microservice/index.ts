/** The token microservice: sign-in, exchange of provider tokens, refresh, logout. */
export { createMicroservice, type Microservice } from './create-microservice';
export type { MicroserviceOptions } from './options';
export { sessionEvents, type EndReason, type SessionEvent } from './events';
export { memoryStore } from './stores/memory-store';
export type { RedisClient } from '../redis/client';
export { redisStore, type RedisStoreOptions } from './stores/redis-store';
export type {
  FamilyStore,
  MicroserviceStore,
  OnceStore,
  RefreshFamily,
  Rotation,
  SigningKeyStore,
  StoredSigningKey,
} from './stores/store';
export type { CallableAttribute } from './tokens/custom-claims';
export type { NewSigningKey, SigningAlgorithm } from './tokens/signing-keys';
export type { SignedIn } from './ways-in';
export { InvalidFields, type FieldErrors } from './invalid-fields';
export { MemoryUserStore } from './users/memory-user-store';
export { PhcPasswordHasher, type PasswordHasher, type PasswordHasherOptions } from './users/password-hasher';
export type { ScryptParameters } from './users/scrypt-scheme';
export type { Argon2Parameters } from './users/argon2-scheme';
export type { HashingBounds } from './users/hashing-queue';
export {
  MemorySignInAttempts,
  type Attempt,
  type SignInAttempts,
  type SignInLimits,
} from '../core/attempts/sign-in-attempts';
export type { Identity, NewUser, StoredUser, User } from './users/user';
export { UserConflict, type ConflictReason, type UserStore } from './users/user-store';
export { IdentityRefused, type IdentityReason } from './identity-providers/refusal';
export type { CommonProviderOptions, ProviderChoice, ProviderOptions } from './identity-providers/provider-options';

/** The test kit, for any test runner: `axioms-routing-controllers/testing`. */
export { TestIssuer, type IssuerSettings, type TestIssuerOptions } from './test-issuer';
export type { TokenClaims } from './token-claims';
export { IssuerEndpoints, keysPath, oauthPath, oidcPath, type IssuerRequest } from './issuer-endpoints';
export type { IssuerMode } from './issuer-mode';
export { base64url, signatureOver, signed, signingKey, type Jwk, type SigningKey } from './signing-key';
export { forge, forgedTokens, type ForgedToken, type ForgedTokenName } from './forged-tokens';
export { TestClient, type IssuesTokens, type TestClientOptions } from './test-client';
export type { ProvenTarget } from './proven-target';
export { forgeProof, forgedProofs, type ForgedProof, type ForgedProofName, type ProofMaker } from './forged-proofs';
export { TestClock } from './test-clock';
export { silentLogger } from './silent-logger';
export type { AppWithServer } from './served-app';
export { forceAuthenticate, type ForcedUser } from './force-authenticate';
export {
  AccessMatrixError,
  expectAccessMatrix,
  type AccessDifference,
  type AccessMatrix,
  type AccessMatrixOptions,
  type TestedApp,
} from './access-matrix';
export type { RequestContent } from './loopback';
export { expectIsolation, type IsolationOptions } from './isolation/expect-isolation';
export type { IsolationCaller, IsolationSeed } from './isolation/seeding';
export {
  IsolationError,
  isolationJUnit,
  isolationTable,
  type IsolationLeak,
  type IsolationReport,
  type LeakKind,
  type UntestedRoute,
} from './isolation/report';
export { ContractViolation, type ContractCase } from './contracts/contract-case';
export {
  authenticationContract,
  type AuthenticationContract,
  type Credentials,
  type GivesCredentials,
} from './contracts/authentication-contract';
export { permissionContract, type PermissionCase, type PermissionContract } from './contracts/permission-contract';
export {
  throttleStoreContract,
  type CountedHit,
  type CountingStore,
  type ThrottleStoreContract,
} from './contracts/throttle-store-contract';
export {
  denylistContract,
  type DenylistContract,
  type Revoked,
  type RevokingStore,
} from './contracts/denylist-contract';
export {
  proofStoreContract,
  type ProofStoreContract,
  type TestedLimits,
  type UsedProof,
  type UsingStore,
} from './contracts/proof-store-contract';
export {
  signInAttemptsContract,
  type ContractLimits,
  type SignInAttemptsContract,
} from './contracts/sign-in-attempts-contract';

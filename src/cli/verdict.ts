/** Judges a token, and the proof that was sent with it, as the server would. Fetches keys, and uses no proof up. */
import { AuthenticationFailed, ServiceUnavailable } from '../core/http/exceptions';
import { JwksManager } from '../core/issuers/jwks-manager';
import { MemoryProofStore } from '../core/proofs/memory-proof-store';
import { changedSettings } from '../core/settings/changed-settings';
import type { Logger } from '../core/settings/logger';
import type { Settings } from '../core/settings/settings';
import { AccessTokenVerifier } from '../core/tokens/access-token';
import type { Possession } from '../core/tokens/binding';
import { boundCertificateOf } from './binding-check';
import { isUnresolved, pathBehind, targetOf } from './proof-target';
import type { Progress } from './progress';
import type { ProvenRequest } from './proof-checks';
import { claimsOf, type Check } from './token-checks';
import { fixOf } from './token-reasons';

/** What a command has from the outside: a test replaces it. */
export interface Surroundings {
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly progress: Progress;
}

/**
 * Returns the verdict as the last check.
 *
 * @param named the method and URL that the proof names, for a request that is not given
 */
export async function verdict(
  request: ProvenRequest,
  named: Pick<ProvenRequest, 'method' | 'url'>,
  settings: Settings,
  { fetch, clock, progress }: Surroundings,
): Promise<Check> {
  const proofStore = Object.assign(new MemoryProofStore(), { clock });
  const quiet = changedSettings(settings, { logger: silentLogger, proofStore });
  const manager = Object.assign(new JwksManager(quiet), { fetch, clock });
  const verifier = Object.assign(new AccessTokenVerifier(quiet, manager), { clock });
  const name = request.proofs.length === 0 ? 'token' : 'token and proof';
  try {
    await progress(`verifying the ${name}`, async () =>
      verifier.accept(request.token, shownBy(request, named, settings)),
    );
    return { name, state: 'ok', expected: 'accepted', seen: 'accepted' };
  } catch (error) {
    if (!(error instanceof AuthenticationFailed) && !(error instanceof ServiceUnavailable)) throw error;
    const seen = `${error.httpCode} ${error.code} (${error.message})`;
    return { name, state: 'failed', expected: 'accepted', seen, remedy: remedyOf(error) };
  } finally {
    manager.close();
  }
}

function remedyOf(error: AuthenticationFailed | ServiceUnavailable): string {
  return fixOf('reason' in error ? error.reason : undefined);
}

function shownBy(
  { token, proofs, method, url }: ProvenRequest,
  named: Pick<ProvenRequest, 'method' | 'url'>,
  settings: Settings,
): Possession {
  const { externalUrl } = settings;
  const called = url === undefined ? named.url : targetOf(url, externalUrl);
  const path = called === undefined || isUnresolved(url ?? '') ? undefined : pathBehind(called, externalUrl);
  // A target without a path is no URL of the app, so that no proof is for it.
  const proof = { proofs, method: method ?? named.method ?? '', target: path ?? '*' };
  return {
    scheme: proofs.length === 0 ? 'Bearer' : 'DPoP',
    proof: { ...proof, request: {}, sendNonce: silent },
    // Only a connection has the certificate: another check says that it is not checked here.
    certificate: () => boundCertificateOf(claimsOf(token, settings)),
  };
}

const silent = (): void => undefined;
const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

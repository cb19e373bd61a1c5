/** Reads what a request shows besides its access token: the scheme, the DPoP proof (RFC 9449) and the certificate (RFC 8705). */
import type { Request, Response } from 'express';
import type { SentToken } from '../core/http/sent-token';
import { sentToken } from '../core/http/sent-token';
import { proofAlgorithms } from '../core/proofs/dpop-proof';
import type { Settings } from '../core/settings/settings';
import { issuerSettings } from '../core/settings/trusted-issuers';
import type { Possession } from '../core/tokens/binding';
import type { BaseAuthentication } from './base';
import { shownCertificate } from './client-certificate';
import { contextOf } from './request-context';

/** The schemes that the classes for access tokens read. DPoP is not read while the setting `dpop` is `off`. */
export const tokenSchemes: readonly string[] = Object.freeze(['Bearer', 'DPoP']);

/** An access token, and what the request shows besides it. */
export interface Presented extends SentToken {
  readonly shown: Possession;
}

/**
 * Returns the access token of a request, or `null` if it has none.
 *
 * @throws InvalidRequest for a malformed or repeated Authorization header
 */
export function presentedToken(request: Request): Presented | null {
  const { settings, method } = contextOf(request);
  const sent = sentToken(request, readsProofs(settings));
  return sent === null ? null : { ...sent, shown: possessionOf(request, sent, method) };
}

function possessionOf(request: Request, { scheme }: SentToken, method: string): Possession {
  return {
    scheme,
    // A bearer token has no proof, whatever the request has besides.
    get proof() {
      const sendNonce = (nonce: string): void => {
        if (request.res !== undefined) setNonce(request.res, nonce);
      };
      return { proofs: proofFields(request), method, target: request.originalUrl, request, sendNonce };
    },
    certificate: () => shownCertificate(request, contextOf(request).settings),
  };
}

// RFC 9449 §8.2: a cached response would hand out an old nonce.
function setNonce(response: Response, nonce: string): void {
  if (!response.headersSent) response.setHeader('DPoP-Nonce', nonce).setHeader('Cache-Control', 'no-store');
}

/** Returns every value of the header field `DPoP`. `request.headers` would join them. */
export function proofFields({ rawHeaders, headers }: Request): readonly string[] {
  const raw = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'dpop');
  // What makes requests by itself, such as an adapter for functions in a cloud, may leave `rawHeaders` empty. Fields that were
  // joined are no proof.
  return raw.length === 0 ? [headers['dpop'] ?? []].flat() : raw;
}

const modes = new WeakMap<Settings, readonly Settings['dpop'][]>();

function modesOf(settings: Settings): readonly Settings['dpop'][] {
  const known = modes.get(settings) ?? issuerSettings(settings).map(({ dpop }) => dpop);
  modes.set(settings, known);
  return known;
}

/** Tells whether tokens of any trusted issuer may be bound to a DPoP key. */
export function readsProofs(settings: Settings): boolean {
  return modesOf(settings).some(mode => mode !== 'off');
}

/**
 * Returns the challenges of a class for access tokens (RFC 9449 §7.1): DPoP alone if every issuer requires it, DPoP and the
 * class's own if some tokens may be bearer tokens.
 */
export function tokenChallenges(authenticator: BaseAuthentication, request: Request): readonly string[] {
  return challengesOfTokens(contextOf(request).settings, () => authenticator.authenticateHeader(request) ?? '');
}

/**
 * Returns the challenges for access tokens of these settings.
 *
 * @param own returns the challenge for bearer tokens
 */
export function challengesOfTokens(settings: Settings, own: () => string): readonly string[] {
  const modes = modesOf(settings);
  const bearer = modes.every(mode => mode === 'required') ? [] : [own()];
  return modes.every(mode => mode === 'off') ? bearer : [dpopChallenge, ...bearer];
}

/** The challenge of DPoP (RFC 9449 §7.1). */
export const dpopChallenge = `DPoP algs="${proofAlgorithms.join(' ')}"`;

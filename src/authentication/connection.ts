/** Caches the last accepted token per keep-alive connection: clients usually repeat it. */
import type { Socket } from 'node:net';
import type { Request } from 'express';
import type { AccessTokenVerifier, KnownToken } from '../core/tokens/access-token';
import { isRepeated } from '../core/http/sent-token';
import { isPlain } from '../core/process/plain';

/** An accepted token, and the request field that it came in. */
export interface LastToken {
  /** The whole Authorization field. */
  readonly field: string;
  readonly token: string;
  readonly known: KnownToken;
  readonly verifier: AccessTokenVerifier;
}

// Not a property of the socket: printing one user's request would show the token of the connection's previous user.
const lastTokens = new WeakMap<Socket, LastToken>();

/**
 * Returns the token of this request if its connection sent the same one last, to the same verifier, and it would be
 * accepted again, unless it was revoked meanwhile. This saves parsing and hashing the token.
 */
export function sameTokenAgain(request: Request, verifier: AccessTokenVerifier): LastToken | undefined {
  const last = lastTokens.get(request.socket);
  if (last === undefined || last.verifier !== verifier) return undefined;
  const isSame = last.field === request.headers.authorization && !isRepeated(request);
  // Only bearer tokens are remembered: a bound token needs its proof each time.
  return isSame && verifier.stillAccepts(last.known, { scheme: 'Bearer' }) ? last : undefined;
}

/** Caches an accepted bearer token until the connection sends another one or ends. A bound token is not cached. */
export function rememberToken(
  { socket, headers }: Request,
  token: string,
  known: KnownToken,
  verifier: AccessTokenVerifier,
): void {
  const { authorization: field } = headers;
  const isConnection = typeof (socket as unknown) === 'object';
  const isReusable = known.isKept && verifier.stillAccepts(known, { scheme: 'Bearer' });
  if (!isPlain && isConnection && isReusable && field !== undefined)
    lastTokens.set(socket, { field, token, known, verifier });
}

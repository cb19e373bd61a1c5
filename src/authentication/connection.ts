/** The last known token of a connection: who keeps one open mostly sends the same again. */
import type { Socket } from 'node:net';
import type { Request } from 'express';
import type { AccessTokenVerifier, KnownToken } from '../core/access-token';
import { isRepeated } from '../core/bearer-token';

interface LastToken {
  /** The whole Authorization field. */
  readonly field: string;
  readonly token: string;
  readonly known: KnownToken;
  readonly verifier: AccessTokenVerifier;
}

const lastToken = Symbol('axioms.lastToken');

type WithLastToken = Socket & { [lastToken]?: LastToken };

/**
 * The token of this request, where it is the one that its connection sent last, to the same verifier, and would be
 * accepted again. It spares looking at each of its characters, and hashing them.
 */
export function sameTokenAgain(request: Request, verifier: AccessTokenVerifier): LastToken | undefined {
  const last = (request.socket as WithLastToken | undefined)?.[lastToken];
  if (last === undefined || last.verifier !== verifier) return undefined;
  const isSame = last.field === request.headers.authorization && !isRepeated(request);
  return isSame && verifier.stillAccepts(last.known) ? last : undefined;
}

/** Remembers a token that was accepted, until the connection sends another one or ends. */
export function rememberToken(
  { socket, headers }: Request,
  token: string,
  known: KnownToken,
  verifier: AccessTokenVerifier,
): void {
  const { authorization: field } = headers;
  const connection = socket as WithLastToken | undefined;
  if (connection !== undefined && known.isKept && field !== undefined)
    connection[lastToken] = { field, token, known, verifier };
}

/** The example of docs/questions/other-protocols.md about websockets. */
// #region example
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type AccessTokenVerifier,
  APIException,
  InsufficientScope,
  NotAuthenticated,
  PermissionDenied,
  type VerifiedToken,
} from 'axioms-routing-controllers';

/** With the package ws: (request, socket, head) => sockets.handleUpgrade(request, socket, head, serve) */
type Accept = (request: IncomingMessage, socket: Duplex, head: Buffer, token: VerifiedToken) => void;

export function guardUpgrades(server: Server, verifier: AccessTokenVerifier, accept: Accept) {
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {
      socket.destroy();
    });
    checked(request, verifier).then(
      token => {
        endWith(token, socket);
        accept(request, socket, head, token);
      },
      (error: unknown) => {
        refuse(socket, error);
      },
    );
  });
}

async function checked({ headers }: IncomingMessage, verifier: AccessTokenVerifier) {
  // A page of any origin may open a websocket, and CORS does not apply.
  if (headers.origin !== undefined && headers.origin !== 'https://app.example.com')
    throw new PermissionDenied('This origin may not connect');
  const [, credentials] = /^Bearer ([\w\-.~+/]+=*)$/i.exec(headers.authorization ?? '') ?? [];
  if (credentials === undefined) throw new NotAuthenticated();
  const token = await verifier.verify(credentials);
  const { scope } = token.claims;
  if (typeof scope !== 'string' || !scope.split(' ').includes('feed:read')) throw new InsufficientScope(['feed:read']);
  return token;
}

/** Ends the connection when the token expires. */
function endWith({ claims }: VerifiedToken, socket: Duplex) {
  const milliseconds = Math.min(Number(claims.exp) * 1000 - Date.now(), 2 ** 31 - 1);
  const timer = setTimeout(() => {
    socket.destroy();
  }, milliseconds);
  socket.once('close', () => {
    clearTimeout(timer);
  });
}

function refuse(socket: Duplex, error: unknown) {
  const status = error instanceof APIException ? error.status : 500;
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
// #endregion example

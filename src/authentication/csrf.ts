/**
 * Protection against cross-site request forgery: tokens that belong to one session (a synchronizer token). The session is
 * on the server already, so a secret in it is all that is needed: no cookie, no key to configure and to rotate, and
 * nothing that a neighbouring subdomain could plant, which is what a double-submit cookie has to be signed against.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { ImproperlyConfigured, PermissionDenied } from '../core/http/exceptions';

const secretName = 'axiomsCsrfSecret';
const secretSize = 32;
const saltSize = 16;

type Session = Record<string, unknown>;

/**
 * A token for the session of this request, to be sent as `X-CSRF-Token` with its unsafe requests. It is another one each
 * time, so that compression gives none away (BREACH), and good until the session ends or gets another id, as it does at a
 * login. The answer that carries it must not be cached: `Cache-Control: no-store` and `Vary: Cookie` are set.
 *
 * @throws ImproperlyConfigured where the request has no session: a session middleware is missing in front of the routes.
 * @example
 * class SessionController {
 *   declare request: Request;
 *   declare response: Response;
 *
 *   token() {
 *     return { csrfToken: csrfToken(this.request, this.response) };
 *   }
 * }
 */
export function csrfToken(request: object, response: Response): string {
  const session = sessionOf(request);
  if (session === undefined)
    throw new ImproperlyConfigured(
      'csrfToken() needs a session: app.use() a session middleware, such as express-session, before useExpressServer().',
    );
  const secret = secretOf(session) ?? randomBytes(secretSize).toString('base64url');
  session[secretName] = secret;
  response.setHeader('Cache-Control', 'no-store');
  response.vary('Cookie');
  const salt = randomBytes(saltSize).toString('base64url');
  return `${salt}.${tagOf(salt, secret, request)}`;
}

/**
 * Refuses a request whose `X-CSRF-Token` is not of its session. {@link SessionAuthentication} asks this of the unsafe
 * requests of a session's user. A handler that signs somebody in asks it itself, of the session before the login:
 * otherwise another site could sign its visitor in, as somebody else (login CSRF).
 *
 * @throws PermissionDenied
 * @example
 * class LoginController {
 *   declare request: Request;
 *
 *   login() {
 *     checkCsrfToken(this.request);
 *   }
 * }
 */
export function checkCsrfToken(request: object): void {
  const sent = (request as Request).headers['x-csrf-token'];
  if (sent === undefined || sent === '') throw new PermissionDenied('The CSRF token is missing');
  const session = sessionOf(request);
  const secret = session === undefined ? undefined : secretOf(session);
  if (typeof sent !== 'string' || secret === undefined || !isOfSession(sent, secret, request))
    throw new PermissionDenied('The CSRF token is not of this session');
}

function isOfSession(token: string, secret: string, request: object): boolean {
  const [salt = '', tag = '', ...rest] = token.split('.', 3);
  if (salt === '' || rest.length > 0) return false;
  const expected = Buffer.from(tagOf(salt, secret, request));
  const given = Buffer.from(tag);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

// With the session's id: a token from before the login is not good after it, even where the session's data is kept.
function tagOf(salt: string, secret: string, request: object): string {
  const { sessionID = '' } = request as { readonly sessionID?: string };
  return createHmac('sha256', secret).update(`${salt}.${sessionID}`).digest('base64url');
}

function sessionOf(request: object): Session | undefined {
  const { session } = request as { readonly session?: unknown };
  return typeof session === 'object' && session !== null ? (session as Session) : undefined;
}

function secretOf(session: Session): string | undefined {
  const secret = Object.hasOwn(session, secretName) ? session[secretName] : undefined;
  return typeof secret === 'string' && secret.length >= secretSize ? secret : undefined;
}

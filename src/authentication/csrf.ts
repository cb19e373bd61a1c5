/**
 * Protects against cross-site request forgery with tokens that belong to one session (synchronizer tokens). The session
 * is on the server already, so a secret in it is enough. There is no cookie, no key to configure and rotate, and
 * nothing that a sibling subdomain could set; a double-submit cookie has to be signed against that.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { ImproperlyConfigured, PermissionDenied } from '../core/http/exceptions';

const secretName = 'axiomsCsrfSecret';
const secretSize = 32;
const saltSize = 16;

type Session = Record<string, unknown>;

/**
 * Returns a CSRF token for the session of this request. The client sends it as `X-CSRF-Token` with unsafe requests. The
 * token is different each time, so that compression reveals none (BREACH). It is valid until the session ends or gets
 * another id, as it does at a login. Sets `Cache-Control: no-store` and `Vary: Cookie`, because the response must not
 * be cached.
 *
 * @throws ImproperlyConfigured if the request has no session: a session middleware is missing before the routes.
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
 * Refuses a request whose `X-CSRF-Token` does not belong to its session. {@link SessionAuthentication} calls this for
 * unsafe requests of a session's user. A handler that signs a user in must call it itself, with the session before the
 * login: otherwise another site could sign its visitor in to the attacker's account (login CSRF).
 *
 * @throws PermissionDenied if the token is missing or belongs to another session.
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

// Includes the session's id, so that a token from before the login is invalid after it, even if the session's data is
// kept.
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

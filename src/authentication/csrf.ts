/**
 * Protects against cross-site request forgery with tokens that belong to one session (synchronizer tokens). The session
 * is on the server already, so a secret in it is enough. There is no cookie, no key to configure and rotate, and
 * nothing that a sibling subdomain could set; a double-submit cookie has to be signed against that.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { ImproperlyConfigured, PermissionDenied } from '../core/http/exceptions';
import { seen } from '../core/process/rejections';
import { isPending } from '../core/time/soon';
import { findContext } from './request-context';

const secretName = 'axiomsCsrfSecret';
const ownerName = 'axiomsCsrfOwner';
const secretSize = 32;
const saltSize = 16;

type Session = Record<string, unknown>;

/**
 * Returns a CSRF token for the session of this request. The client sends it as `X-CSRF-Token` with unsafe requests. The
 * token is different each time, so that compression reveals none (BREACH). It is valid until the session ends or gets
 * another id, as it does at a login. Sets `Cache-Control: no-store` and `Vary: Cookie`, because the response must not
 * be cached.
 *
 * A session without an id, as of the package `cookie-session`, is kept at a login. Its tokens belong to the user as well,
 * and a login, a log-out and another user end them. A class with a `sessionUser()` of its own should be in the list of
 * the route that calls this function, or the user is not known here.
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
  const secret = secretOf(session, request) ?? newSecret(session, request);
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
  const secret = session === undefined ? undefined : secretOf(session, request);
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

function newSecret(session: Session, request: object): string {
  const secret = randomBytes(secretSize).toString('base64url');
  session[secretName] = secret;
  const owner = ownerOf(session, request);
  if (owner !== undefined) session[ownerName] = owner;
  return secret;
}

function secretOf(session: Session, request: object): string | undefined {
  const secret = ownText(session, secretName);
  const isOfOwner = ownText(session, ownerName) === ownerOf(session, request);
  return secret !== undefined && secret.length >= secretSize && isOfOwner ? secret : undefined;
}

function ownText(session: Session, name: string): string | undefined {
  const value = Object.hasOwn(session, name) ? session[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

// Without an id, the session of before the login is the session of after it. Everybody who had its cookie knows the secret
// in it, so that another secret must take its place.
function ownerOf(session: Session, request: object): string | undefined {
  const { sessionID } = request as { readonly sessionID?: unknown };
  if (typeof sessionID === 'string' && sessionID !== '') return undefined;
  const { passport } = session as { readonly passport?: { readonly user?: unknown } | null };
  return ownerText(accountOf(request as Request) ?? session['user'] ?? passport?.user);
}

// What the app set, not what a guard has written there.
function accountOf(request: Request): unknown {
  const context = findContext(request);
  if (context === undefined) return (request as { readonly user?: unknown }).user;
  return context.sessionOwner?.() ?? context.setByApp?.user;
}

function ownerText(account: unknown): string {
  if (account === undefined || account === null) return 'nobody';
  const { iss, sub, id } = account as { readonly iss?: unknown; readonly sub?: unknown; readonly id?: unknown };
  const isNamed = sub !== undefined || id !== undefined;
  const parts = isNamed ? [iss, sub, id] : [account];
  if ([account, ...parts].some(one => isPending(seen(one)))) throw notLoaded();
  return createHash('sha256').update(parts.map(textOf).join('\n')).digest('base64url');
}

// Every promise has the same text. The secret would stay the same for the next user.
function notLoaded(): ImproperlyConfigured {
  return new ImproperlyConfigured(
    'The user of the session is a promise or a query: await it, and set request.user to the object that it resolves to.',
  );
}

function textOf(part: unknown): string {
  if (typeof part === 'bigint') return String(part);
  try {
    return JSON.stringify([part]);
  } catch (error) {
    throw new ImproperlyConfigured(
      "The user of the session has neither 'id' nor 'sub', and is no plain data: give it an 'id', so that its CSRF tokens are its own.",
      { cause: error },
    );
  }
}

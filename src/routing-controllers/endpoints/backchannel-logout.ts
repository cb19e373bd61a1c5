/** The endpoint to which issuers report that a user has logged out: OpenID Connect Back-Channel Logout 1.0. */
import { hash } from 'node:crypto';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { LRUCache } from 'lru-cache';
import { CountedReport } from '../../core/reports/counted-report';
import type { Denylist, RevokedTokens } from '../../core/settings/denylist';
import { longestClockTolerance } from '../../core/settings/kinds';
import { APIException, ImproperlyConfigured, InvalidRequest, ServiceUnavailable } from '../../core/http/exceptions';
import { LogoutTokenVerifier, type LogoutToken } from '../../core/tokens/logout-token';
import { answerInTime } from '../../core/time/answer-in-time';
import { withServer } from './plain-answers';
import { onlyServer } from '../start/serving';
import type { AxiomsServer } from '../start/axioms-server';

type Server = Pick<AxiomsServer, 'settings' | 'jwksManager'>;

/** Options of {@link backchannelLogout}. */
export interface BackchannelLogoutOptions {
  /** The client ID, or client IDs, of this app at the issuer: the `aud` of its logout tokens. */
  readonly clientId: string | readonly string[];
  /**
   * The server that refuses the tokens after a logout. Default: the only server of the app on which the middleware is
   * mounted, or of the nearest enclosing app. If that app has several servers, name one. Otherwise each request is
   * answered with 500, and the log says how to name it.
   */
  readonly server?: Server | undefined;
  /**
   * Ends the app's own state, such as sessions. Called after the tokens are revoked and before the issuer gets its
   * answer, once for each logout token. If it fails, the issuer gets 400, and its next attempt at this process calls it
   * again.
   */
  readonly onLogout?: ((token: LogoutToken) => void | Promise<void>) | undefined;
}

/**
 * Accepts logout tokens of the trusted issuers. From then on, the server refuses the access tokens of that session:
 * those with its `sid`, and those of its subject without a `sid`. A logout token without `sid` ends all sessions of its
 * subject: the server refuses every access token issued until then. The revocations are stored in the setting
 * `denylist`.
 *
 * Answers as §2.8 requires: 200, or 400 if the token is invalid, was used before, or the logout failed.
 *
 * @throws ImproperlyConfigured if `clientId` is missing, or if `server` is given and has no denylist. Without `server`,
 * a missing denylist makes each request a 500.
 * @example
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, denylist } });
 * app.post('/backchannel-logout', backchannelLogout({ clientId: 'books' }));
 */
export function backchannelLogout(options: BackchannelLogoutOptions): RequestHandler {
  requireKnown(options);
  const { clientId, server, onLogout } = options;
  const clientIds = checkedClients(clientId);
  const given = server === undefined ? undefined : new Logout(server, clientIds);
  const known = new WeakMap<Server, Logout>();
  return (request, response, next) => {
    withServer({ request, response, next }, () => {
      const logout =
        given ?? logoutOf(onlyServer({ request, response, next }, 'backchannelLogout()', example), known, clientIds);
      parseForm(request, response, (error?: unknown) => {
        void answer(request, response, logout, error, onLogout).catch(next);
      });
    });
  };
}

const example = 'backchannelLogout({ clientId, server: app.locals.axioms })';

const names = ['clientId', 'server', 'onLogout'];

// A misspelled `onLogout` would never be called.
function requireKnown(options: object): void {
  const unknown = Object.keys(options).find(name => !names.includes(name));
  if (unknown !== undefined)
    throw new ImproperlyConfigured(
      `backchannelLogout() has no option '${unknown}': the options are ${names.join(', ')}.`,
    );
}

function checkedClients(clientId: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(clientId) ? clientId : [clientId];
  if (list.length > 0 && list.every(one => typeof one === 'string' && one !== '')) return list as readonly string[];
  throw new ImproperlyConfigured(
    "backchannelLogout() needs the clientId that the issuer knows this app as: backchannelLogout({ clientId: 'books' }).",
  );
}

function logoutOf(server: Server, known: WeakMap<Server, Logout>, clientIds: readonly string[]): Logout {
  const logout = known.get(server) ?? new Logout(server, clientIds);
  known.set(server, logout);
  return logout;
}

/**
 * The number of a subject's sessions that are revoked one by one within a day. A user who signs in and out at the issuer in a
 * loop must not fill the denylist: no other logout could be stored then.
 */
const mostSessions = 100;

/** Milliseconds for which a subject's logouts count together. */
const day = 86_400_000;

/** How many sessions of a subject were revoked one by one, and until when that counts. */
interface SessionCount {
  readonly end: number;
  count: number;
}

/** Processes the logouts of one server. */
class Logout {
  readonly #verifier: LogoutTokenVerifier;
  readonly #denylist: Denylist;
  readonly #refusals: CountedReport<string>;
  readonly #counts = new LRUCache<string, SessionCount>({ max: 20_000 });
  /** The sessions that were counted, and in which count. */
  readonly #counted = new LRUCache<string, SessionCount>({ max: 100_000 });
  /** Tokens that may be marked as used, although the app was not told. */
  readonly #unfinished = new LRUCache<string, true>({ max: 10_000 });

  constructor(
    readonly server: Server,
    clientIds: readonly string[],
  ) {
    const { settings, jwksManager } = server;
    if (settings.denylist === undefined)
      throw new ImproperlyConfigured(
        "backchannelLogout() needs the setting 'denylist': give a MemoryDenylist, or a RedisDenylist where there are several processes.",
      );
    this.#denylist = settings.denylist;
    this.#verifier = new LogoutTokenVerifier(settings, jwksManager, clientIds);
    this.#verifier.clock = () => jwksManager.clock();
    this.#refusals = new CountedReport(
      () => jwksManager.timers,
      (count, reason) => {
        settings.logger.warn('Back-channel logouts were refused', { count, lastReason: reason });
      },
    );
  }

  // Revokes first and marks the token as used second: the issuer can repeat an attempt that fails before that, and a
  // second revocation changes nothing.
  async end(text: string): Promise<LogoutToken> {
    const token = await this.#verifier.verify(text);
    const { iss, sub, sid, iat: before } = token;
    if (sub !== undefined && sid !== undefined && this.#isOverLimit(iss, sub, sid))
      await this.#revoke({ iss, sub, before });
    else {
      if (sid !== undefined) await this.#revoke({ iss, sid });
      if (sub !== undefined) await this.#revoke({ iss, sub, sid, before });
    }
    if (!(await this.#isOpen(token))) throw new InvalidRequest('The logout token was used before');
    return token;
  }

  async #revoke(tokens: RevokedTokens): Promise<void> {
    await answerInTime(this.#denylist.revoke(tokens), this.#denylist);
  }

  /** Runs the app's part of a logout. */
  async inform(token: LogoutToken, onLogout: BackchannelLogoutOptions['onLogout']): Promise<void> {
    await this.#orUnfinished(token, async () => onLogout?.(token));
  }

  // Each issuer may have its own tolerance. No token is accepted after the longest.
  async #isOpen(token: LogoutToken): Promise<boolean> {
    const { iss, jti, exp } = token;
    const use = async (): Promise<boolean> =>
      answerInTime(this.#denylist.useOnce(iss, jti, exp + longestClockTolerance), this.#denylist);
    return (await this.#orUnfinished(token, use)) || this.#unfinished.delete(nameOf(token));
  }

  async #orUnfinished<T>(token: LogoutToken, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      this.#unfinished.set(nameOf(token), true);
      throw error;
    }
  }

  // Beyond the limit, one entry refuses all tokens of the subject that were issued before. A session counts once:
  // anybody who has seen a logout token can send it again, and issuers repeat an attempt that failed.
  #isOverLimit(iss: string, sub: string, sid: string): boolean {
    const count = this.#countOf(hashOf(iss, sub));
    const session = hashOf(iss, sub, sid);
    if (this.#counted.get(session) === count) return false;
    if (count.count >= mostSessions) return true;
    count.count += 1;
    this.#counted.set(session, count);
    return false;
  }

  #countOf(subject: string): SessionCount {
    const now = this.server.jwksManager.monotonic();
    const known = this.#counts.get(subject);
    const count = known !== undefined && now < known.end ? known : { end: now + day, count: 0 };
    this.#counts.set(subject, count);
    return count;
  }

  // Anybody can send a bad token, so that is not an error. A failure after a valid token is one.
  report(error: unknown, isTokenGood: boolean): void {
    const { logger } = this.server.settings;
    const reason = error instanceof Error ? error.message : typeof error;
    if (isTokenGood || !canAnybodyCause(error)) {
      logger.error('A back-channel logout failed', { reason });
      return;
    }
    logger.debug('A back-channel logout was refused', { reason });
    this.#refusals.add(reason);
  }
}

function nameOf({ iss, jti }: LogoutToken): string {
  return hashOf(iss, jti);
}

function hashOf(...names: readonly string[]): string {
  return hash('sha256', JSON.stringify(names), 'base64');
}

// An outage of the keys needs no second report: the key manager logs it.
function canAnybodyCause(error: unknown): boolean {
  const isKeyOutage = error instanceof ServiceUnavailable && error.reason === 'keys_unavailable';
  return isKeyOutage || error instanceof InvalidRequest;
}

const parseForm = express.urlencoded({ extended: false, limit: '32kb', parameterLimit: 20 });

async function answer(
  request: Request,
  response: Response,
  logout: Logout,
  parseError: unknown,
  onLogout: BackchannelLogoutOptions['onLogout'],
): Promise<void> {
  let token: LogoutToken | undefined;
  try {
    token = await logout.end(logoutTokenOf(request, parseError));
    await logout.inform(token, onLogout);
    send(response, 200);
  } catch (error) {
    const known = error instanceof APIException ? error : new APIException(undefined, { cause: error });
    logout.report(error, token !== undefined);
    send(response, 400, { error: known.code, error_description: known.message });
  }
}

// §2.5: a form, sent by POST, with one logout_token.
function logoutTokenOf(request: Request, parseError: unknown): string {
  const { logout_token: token } = Object(request.body) as { logout_token?: unknown };
  if (request.method !== 'POST' || parseError !== undefined || typeof token !== 'string' || token === '')
    throw new InvalidRequest('A logout is a POST of a form with one logout_token');
  return token;
}

// The app may have answered meanwhile, for instance because the request took too long.
function send(response: Response, status: number, body?: object): void {
  if (response.headersSent) return;
  response.statusCode = status;
  response.setHeader('Cache-Control', 'no-store');
  if (body !== undefined) response.setHeader('Content-Type', 'application/json');
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

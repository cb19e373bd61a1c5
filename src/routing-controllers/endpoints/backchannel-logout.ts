/** Where issuers say that somebody has logged out: OpenID Connect Back-Channel Logout 1.0. */
import express, { type Request, type RequestHandler, type Response } from 'express';
import { CountedReport } from '../../core/reports/counted-report';
import type { Denylist } from '../../core/settings/denylist';
import { APIException, ImproperlyConfigured, InvalidRequest, ServiceUnavailable } from '../../core/http/exceptions';
import { LogoutTokenVerifier, type LogoutToken } from '../../core/tokens/logout-token';
import { withServer } from './plain-answers';
import { onlyServer } from '../start/serving';
import type { AxiomsServer } from '../start/axioms-server';

type Server = Pick<AxiomsServer, 'settings' | 'jwksManager'>;

/** Options of {@link backchannelLogout}. */
export interface BackchannelLogoutOptions {
  /** The client, or clients, that the issuer knows this app as: the `aud` of its logout tokens. */
  readonly clientId: string | readonly string[];
  /**
   * The server whose tokens are refused after a logout. Default: the only server of the app that it is mounted on, or of
   * the nearest app around it. With several servers on that app it must be named; otherwise each request is a 500, and the
   * log says how.
   */
  readonly server?: Server | undefined;
  /** Ends what the app keeps itself, such as sessions; once the tokens are refused, before the issuer is answered. */
  readonly onLogout?: ((token: LogoutToken) => void | Promise<void>) | undefined;
}

/**
 * Takes the logout tokens of the trusted issuers, and refuses from then on the access tokens of that session: those with
 * its `sid`, and those of its subject that name no session. A logout token without `sid` ends all sessions of its
 * subject: every access token issued until then. They go into the setting `denylist`.
 *
 * Answers as §2.8 has it: 200, or 400 where the token has a defect, was used before, or the logout failed.
 *
 * @throws ImproperlyConfigured without a client; without a denylist where `server` is given, else each request is a 500.
 * @example
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, denylist } });
 * app.post('/backchannel-logout', backchannelLogout({ clientId: 'books' }));
 */
export function backchannelLogout({ clientId, server, onLogout }: BackchannelLogoutOptions): RequestHandler {
  const clientIds = checkedClients(clientId);
  const given = server === undefined ? undefined : new Logout(server, clientIds);
  const known = new WeakMap<Server, Logout>();
  return (request, response, next) => {
    withServer({ request, response, next }, () => {
      const logout = given ?? logoutOf(onlyServer({ request, next }, 'backchannelLogout()', example), known, clientIds);
      parseForm(request, response, (error?: unknown) => {
        void answer(request, response, logout, error, onLogout).catch(next);
      });
    });
  };
}

const example = 'backchannelLogout({ clientId, server: app.locals.axioms })';

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

/** The logouts of one server. */
class Logout {
  readonly #verifier: LogoutTokenVerifier;
  readonly #denylist: Denylist;
  readonly #refusals: CountedReport<string>;

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

  // The tokens are refused first: an attempt that fails before that is done can be made again, and one that is made
  // twice does no more than one. `onLogout` runs once: the app sees to it that it does not fail.
  async end(text: string): Promise<LogoutToken> {
    const token = await this.#verifier.verify(text);
    const { iss, sub, sid, jti, iat, exp } = token;
    if (sid !== undefined) await this.#denylist.revoke({ iss, sid });
    // `iat` is in whole seconds: what was issued in the same one counts as before.
    if (sub !== undefined) await this.#denylist.revoke({ iss, sub, sid, before: Math.floor(iat) + 1 });
    const isFirst = await this.#denylist.useOnce(iss, jti, exp + this.server.settings.clockTolerance);
    if (!isFirst) throw new InvalidRequest('The logout token was used before');
    return token;
  }

  // Anybody can send a bad token. What fails after a good one is an error.
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

// The key manager logs an outage of the keys itself.
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
    await onLogout?.(token);
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

function send(response: Response, status: number, body?: object): void {
  response.statusCode = status;
  response.setHeader('Cache-Control', 'no-store');
  if (body !== undefined) response.setHeader('Content-Type', 'application/json');
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

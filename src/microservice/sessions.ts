/** What each endpoint does: it starts, refreshes or ends a session. */
import type { Request, Response } from 'express';
import { proofFields } from '../authentication/possession';
import { addressOf } from '../core/http/client-address';
import { AuthenticationFailed } from '../core/http/exceptions';
import { warnOfUnreadProxies } from '../core/reports/unread-proxies';
import type { SessionCookies } from './cookies/session-cookies';
import { InvalidFields } from './invalid-fields';
import type { Options } from './options';
import { SessionEnded, type Issued, type RefreshFamilies, type Shown } from './refresh/refresh-families';
import { urlsOf } from './request-target';
import { endOf, type RefreshFamily } from './stores/store';
import type { Sweep } from './stores/sweep';
import type { AccessTokens } from './tokens/access-tokens';
import { proofRefusal, type DpopProofs, type ProvenRequest } from './tokens/dpop-proofs';
import type { CheckedUser } from './users/password-sign-in';
import type { User } from './users/user';
import type { PasswordWay, SignedIn, SocialWay } from './ways-in';

/** A request, its response, and its parsed body. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly body: unknown;
}

export interface SessionServices {
  readonly families: RefreshFamilies;
  readonly cookies: SessionCookies;
  readonly accessTokens: AccessTokens;
  readonly proofs: DpopProofs;
  readonly sweep: Sweep;
  readonly passwords: PasswordWay;
  readonly social: SocialWay | undefined;
}

export class Sessions {
  constructor(
    private readonly options: Options,
    private readonly services: SessionServices,
  ) {}

  async signIn({ request, response, body }: Exchange): Promise<SignedIn> {
    const { username, password } = membersOf(body);
    // All before the password, so that the answer to a wrong or used proof does not tell whether the password is right.
    const proof = this.services.proofs.check(this.shown(request));
    const counted = async (): Promise<void> => this.services.proofs.use(proof, request);
    warnOfUnreadProxies(request, this.options.logger);
    const address = addressOf(request);
    const checked = await this.services.passwords.signIn({ username, password, address, counted });
    return this.start(checked, proof?.thumbprint ?? null, { request, response });
  }

  async socialExchange({ request, response, body }: Exchange, social: SocialWay): Promise<SignedIn> {
    this.services.proofs.check(this.shown(request));
    return this.begin(await social.exchange(membersOf(body)), request, response);
  }

  /** Starts a session for a user whose identity has been verified, and sets its cookies. */
  async begin(user: User, request: Request, response: Response): Promise<SignedIn> {
    const confirm = async (): Promise<void> => {
      if ((await this.findActive(user.id)) === undefined) throw new AuthenticationFailed(notActive);
    };
    return this.start({ user, confirm }, await this.shownKey(request), { request, response });
  }

  private async start(
    { user, confirm }: CheckedUser,
    jkt: string | null,
    { request, response }: Pick<Exchange, 'request' | 'response'>,
  ): Promise<SignedIn> {
    const { cookies, families, sweep } = this.services;
    cookies.requireReach(request);
    sweep.whenDue();
    const earlier = cookies.find(request);
    const issued = await families.begin(user.id, jkt, async () => {
      await confirm();
      if (earlier !== undefined) await families.endReplaced(earlier);
    });
    return this.answer(user, issued, response);
  }

  async refresh(exchange: Exchange): Promise<SignedIn> {
    this.services.cookies.requireReach(exchange.request);
    return this.orCleared(exchange.response, async () => {
      const shown = await this.presented(exchange);
      requireKey(shown.family, await this.shownKey(exchange.request), exchange.request);
      const user = await this.activeUser(shown.family);
      // Everything that can fail comes before the rotation, because it makes the old token invalid.
      const answer = await this.body(user, shown);
      const issued = await this.services.families.rotate(shown);
      if (issued.isNew) this.setCookies(issued, exchange.response);
      return answer;
    });
  }

  /** Returns the CSRF token for the request's refresh cookie, even if its session has ended. */
  csrfToken({ request }: Exchange): { CSRF_token: string } {
    const { cookies } = this.services;
    return { CSRF_token: cookies.csrfTokenOf(cookies.read(request)) };
  }

  async logOff(exchange: Exchange): Promise<void> {
    return this.orCleared(exchange.response, async () => {
      const { families, cookies } = this.services;
      const isEverywhere = everywhere(exchange.body);
      const { family } = await this.presented(exchange);
      if (isEverywhere) await families.logOffAll(family);
      else await families.end(family, 'logged_off');
      cookies.clear(exchange.response);
    });
  }

  private async presented({ request, body }: Exchange): Promise<Shown> {
    const { cookies, families } = this.services;
    const token = cookies.read(request);
    cookies.checkCsrf(request, token, body);
    return families.check(token);
  }

  private async activeUser(family: RefreshFamily): Promise<User> {
    const user = await this.findActive(family.userId);
    if (user !== undefined) return user;
    await this.services.families.end(family, 'user_inactive');
    throw new SessionEnded(notActive);
  }

  private async findActive(id: string): Promise<User | undefined> {
    const user = await this.options.users.findById(id);
    return user?.isActive === true ? user : undefined;
  }

  private async answer(user: User, issued: Issued, response: Response): Promise<SignedIn> {
    const body = await this.body(user, issued);
    this.setCookies(issued, response);
    return body;
  }

  private async body(user: User, { family, token, now }: Pick<Issued, 'family' | 'token' | 'now'>): Promise<SignedIn> {
    const { userSerializer } = this.options;
    const { token: accessToken, expires } = await this.services.accessTokens.issue(user, family, now);
    const serialized = userSerializer === undefined ? {} : { user: await userSerializer(user) };
    const csrfToken = this.services.cookies.csrfTokenOf(token);
    return { access_token: accessToken, expires, CSRF_token: csrfToken, ...serialized };
  }

  private setCookies({ token, family, now }: Issued, response: Response): void {
    this.services.cookies.set(response, token, { now, end: endOf(family) });
  }

  private shownKey(request: Request): Promise<string | null> {
    return this.services.proofs.thumbprint(this.shown(request));
  }

  private shown(request: Request): ProvenRequest {
    return { request, proofs: proofFields(request), method: request.method, urls: urlsOf(this.options, request) };
  }

  // Clears the cookies of a session that has ended. If the store is unavailable they are kept: the session may still
  // exist.
  private async orCleared<Result>(response: Response, step: () => Promise<Result>): Promise<Result> {
    try {
      return await step();
    } catch (error) {
      if (error instanceof SessionEnded) this.services.cookies.clear(response);
      throw error;
    }
  }
}

const notActive = 'The account is not active';

function membersOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}

function everywhere(body: unknown): boolean {
  const { everywhere: value = false } = membersOf(body);
  if (typeof value !== 'boolean') throw new InvalidFields({ everywhere: ['Must be a valid boolean.'] });
  return value;
}

// RFC 9449 §5: a refresh token that is bound to a key is accepted only with a proof of that key.
function requireKey({ jkt: bound }: RefreshFamily, shown: string | null, request: Request): void {
  if (bound !== null && shown !== bound)
    throw proofRefusal(request, { message: 'The session is bound to a key that was not shown' });
}

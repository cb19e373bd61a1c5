/** Verifies logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6), and reads whose sessions they end. */
import { checkTimes } from './claim-rules';
import { parseCompactJws, type Claims, type TokenHeader } from '../jws/compact-jws';
import { InvalidRequest, InvalidToken } from '../http/exceptions';
import type { JwksManager } from '../issuers/jwks-manager';
import { isNestedToken, shortMediaType } from '../jws/media-type';
import type { Settings } from '../settings/settings';
import { keyThatSigned } from './signed-by';
import { settingsFor } from '../settings/trusted-issuers';

/** A verified logout token. It ends the session `sid`, or all sessions of `sub`. */
export interface LogoutToken {
  readonly iss: string;
  readonly sub: string | undefined;
  readonly sid: string | undefined;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/** Verifies logout tokens for a client. Checks that need no key come first, as with access tokens. */
export class LogoutTokenVerifier {
  /** Milliseconds since 1970; read at the moment of use. */
  clock: () => number = () => Date.now();

  constructor(
    private readonly settings: Settings,
    private readonly keys: JwksManager,
    private readonly clientIds: readonly string[],
  ) {}

  /**
   * Verifies a logout token.
   *
   * @throws InvalidRequest for a token with any defect.
   * @throws ServiceUnavailable if the issuer's keys are needed and unavailable.
   */
  async verify(token: string): Promise<LogoutToken> {
    try {
      return await this.#verified(token);
    } catch (error) {
      throw error instanceof InvalidToken ? invalid('is not valid', error) : error;
    }
  }

  async #verified(token: string): Promise<LogoutToken> {
    const unverified = parseCompactJws(token, this.settings.maxTokenSize);
    const { header, claims } = unverified;
    const settings = this.#settingsFor(claims);
    const named = checkHeader(header, settings);
    checkTimes(claims, settings, this.clock());
    checkAudience(claims, this.clientIds);
    const found = contentOf(claims);
    const key = await keyThatSigned(unverified, named, this.keys, settings.issuerUrl);
    if (key === undefined) throw invalid('has a wrong signature');
    return found;
  }

  // Requires an issuer: one that is not checked could log out any user.
  #settingsFor(claims: Claims): Settings {
    const settings = settingsFor(claims, this.settings);
    if (settings?.issuerUrl === undefined || claims.iss !== settings.issuerUrl) throw invalid('is from another issuer');
    return settings;
  }
}

function invalid(what: string, cause?: Error): InvalidRequest {
  return new InvalidRequest(`The logout token ${what}`, { cause });
}

// §2.4: typ should be "logout+jwt". Older issuers send JWT, or none.
function checkHeader(header: TokenHeader, settings: Settings): { alg: string; kid: string } {
  const { alg, kid, typ = 'JWT' } = header;
  if (typeof alg !== 'string' || !settings.algorithms.includes(alg))
    throw invalid('has an algorithm that is not accepted');
  if (typeof kid !== 'string' || kid === '') throw invalid('names no key');
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) throw invalid('uses an extension');
  if (typeof typ !== 'string' || !['logout+jwt', 'jwt'].includes(shortMediaType(typ)) || isNestedToken(header))
    throw invalid('is of another type');
  return { alg, kid };
}

// OpenID Connect Core 1.0 §3.1.3.7: every audience must be one of the app's client ids, because it trusts no other
// client.
function checkAudience({ aud }: Claims, clientIds: readonly string[]): void {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const isOurs = audiences.length > 0 && audiences.every(one => typeof one === 'string' && clientIds.includes(one));
  if (!isOurs) throw invalid('is for another client');
}

function contentOf(claims: Claims): LogoutToken {
  const { iss, iat, exp, jti, sub, sid } = claims;
  if (typeof iat !== 'number') throw invalid('has no time of issue');
  if (!isText(jti)) throw invalid('has no identifier');
  if (Object.hasOwn(claims, 'nonce')) throw invalid('has a nonce, which an ID token would have');
  if (!isLogoutEvent(claims.events)) throw invalid('does not name the event of a logout');
  const isNamed = [sub, sid].every(one => one === undefined || isText(one)) && (isText(sub) || isText(sid));
  if (!isNamed) throw invalid('says neither whose sessions end nor which');
  return { iss, iat, exp, jti, sub, sid } as LogoutToken;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

// §2.4: the object contains the logout event. Other members, such as Keycloak's, are ignored.
function isLogoutEvent(events: unknown): boolean {
  return isPlainObject(events) && Object.hasOwn(events, logoutEvent) && isPlainObject(events[logoutEvent]);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

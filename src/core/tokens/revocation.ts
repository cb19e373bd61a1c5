/**
 * Refuses tokens before they expire. Every entry includes the issuer: the identifiers in a token are unique only there.
 */
import type { Claims } from '../jws/compact-jws';
import type { Denylist, RevokedTokens } from '../settings/denylist';
import { ImproperlyConfigured, InvalidToken, ServiceUnavailable } from '../http/exceptions';
import { defaultClockTolerance, longestClockTolerance } from '../settings/kinds';
import type { Settings } from '../settings/settings';
import { settingsFor } from '../settings/trusted-issuers';
import { StoreWatch } from '../reports/store-watch';
import { answerInTime } from '../time/answer-in-time';
import { after, attempt, type Soon } from '../time/soon';
import type { TokenSubject } from './token-subject';

type SubjectRevocation = Extract<RevokedTokens, { readonly sub: string }>;

/** A revocation as a denylist stores it. */
export interface DenylistEntries {
  readonly keys: readonly string[];
  /** Seconds since 1970; `Infinity` means all tokens. */
  readonly before: number;
  /** When no server accepts the tokens any more, in seconds since 1970. */
  readonly expiresAt: number;
}

type Kind = 'jti' | SubjectKind | 'sid' | 'client_id' | 'once';
type SubjectKind = `sub${'' | ' without sid'}${'' | ` in ${string}`}`;

/** Returns the key of an entry. Every denylist uses this spelling. */
export function denylistKey(iss: string, kind: Kind, value: string): string {
  return JSON.stringify([iss, kind, value]);
}

/** Returns every key under which a token with these claims may be revoked. */
export function keysOfToken(claims: Claims, subject?: Subject): string[] {
  const { jti, sub, sid, client_id: clientId, azp } = claims;
  const iss = typeof claims.iss === 'string' ? claims.iss : '';
  const keys: string[] = [];
  const add = (kind: Kind, value: unknown): void => {
    if (typeof value === 'string') keys.push(denylistKey(iss, kind, value));
  };
  const addSubject = (claim: string, value: unknown): void => {
    add(subjectKind('sub', claim), value);
    if (typeof sid !== 'string') add(subjectKind('sub without sid', claim), value);
  };
  add('jti', jti);
  add('client_id', typeof clientId === 'string' ? clientId : azp);
  add('sid', sid);
  addSubject('sub', sub);
  if (subject !== undefined && subject.claim !== 'sub') addSubject(subject.claim, subject.value);
  return keys;
}

type Subject = Pick<TokenSubject, 'claim' | 'value'>;

// The claim is a part of the key, because a `client_id` may have the same text as a user's `sub`.
function subjectKind(kind: 'sub' | 'sub without sid', claim: string): SubjectKind {
  return claim === 'sub' ? kind : `${kind} in ${claim}`;
}

/**
 * Tells whether a token counts as issued before a logout. Every denylist uses this comparison. The clocks of the issuer and
 * of the process that logged out may differ by `clockTolerance`, and `iat` may be in whole seconds, so a token issued that
 * soon after the logout counts as issued before. So does a token without `iat`.
 *
 * @param before the time of the logout, in seconds since 1970
 * @param clockTolerance in seconds
 */
export function isIssuedBefore(
  { iat }: Claims,
  before: number,
  clockTolerance: number = defaultClockTolerance,
): boolean {
  return typeof iat !== 'number' || !(iat > before + clockTolerance);
}

/**
 * Returns the entries of a revocation. They last longer than the tokens, as a server's `clockTolerance` may.
 *
 * @param ttl seconds that a revocation without `expiresAt` lasts
 * @param now seconds since 1970
 * @throws TypeError if it is not clear which tokens are meant; nothing is revoked then.
 */
export function denylistEntries(which: RevokedTokens, ttl: number, now: number): DenylistEntries {
  const { iss, jti, sub, sid, client_id: clientId, ...more } = which;
  const {
    before = Infinity,
    expiresAt = now + ttl,
    subjectClaim = 'sub',
    ...rest
  } = more as Partial<SubjectRevocation>;
  const named = { jti, sub, sid, clientId };
  const given = Object.values(named).filter(value => value !== undefined);
  const isOne = given.length === 1 || (given.length === 2 && sub !== undefined && sid !== undefined);
  const isText = [iss, subjectClaim, ...given].every(value => typeof value === 'string' && value !== '');
  if (
    !isOne ||
    !isText ||
    (sub === undefined && subjectClaim !== 'sub') ||
    Object.keys(rest).length > 0 ||
    !isTime(before) ||
    !isTime(expiresAt)
  )
    throw new TypeError(revokeForm);
  return { keys: keysOfRevocation(iss, named, subjectClaim), before, expiresAt: expiresAt + longestClockTolerance };
}

const revokeForm =
  "revoke() takes 'iss' and one of jti, sub, sid and client_id (or sub and sid), each a string, with sub an optional subjectClaim, and optional times 'before' and 'expiresAt' in seconds since 1970.";

// Refuses a time in milliseconds, which would be thousands of years ahead.
function isTime(value: unknown): boolean {
  return value === Infinity || (typeof value === 'number' && value >= 0 && value < 1e11);
}

/**
 * Returns the option `ttl` of a denylist, in seconds.
 *
 * @throws ImproperlyConfigured if it is no number above 0: revocations would end too early, or not be stored.
 */
export function checkedTtl(ttl: unknown): number {
  if (typeof ttl === 'number' && ttl > 0) return ttl;
  throw new ImproperlyConfigured("The option 'ttl' of a denylist must be a number of seconds above 0.");
}

function keysOfRevocation(
  iss: string,
  { jti, sub, sid, clientId }: Partial<Record<'jti' | 'sub' | 'sid' | 'clientId', string | undefined>>,
  subjectClaim: string,
): string[] {
  const named: [Kind, string | undefined][] = [
    ['jti', jti],
    [subjectKind(sid === undefined ? 'sub' : 'sub without sid', subjectClaim), sub],
    ['sid', sid],
    ['client_id', clientId],
  ];
  return named.flatMap(([kind, value]) => (value === undefined ? [] : [denylistKey(iss, kind, value)]));
}

/** Checks every verified token against the setting `denylist`. */
export class RevocationCheck {
  readonly #watch: StoreWatch;

  /** Returns `undefined` without a denylist, so that the check then costs nothing. */
  static of(settings: Settings): RevocationCheck | undefined {
    const { denylist } = settings;
    return denylist === undefined ? undefined : new RevocationCheck(denylist, settings);
  }

  private constructor(
    private readonly denylist: Denylist,
    private readonly settings: Settings,
  ) {
    this.#watch = new StoreWatch('denylist', settings.logger);
  }

  /**
   * Refuses a revoked token.
   *
   * @throws InvalidToken for a revoked token.
   * @throws ServiceUnavailable if the denylist cannot be reached: the token might be revoked.
   */
  refuseRevoked(claims: Claims, subject?: TokenSubject): Soon<void> {
    return after(this.#answerOn(claims, subject), answer => {
      if (answer !== false) throw new InvalidToken('The access token was revoked', { reason: 'token_revoked' });
    });
  }

  #answerOn(claims: Claims, subject: TokenSubject | undefined): Soon<unknown> {
    // Each issuer may have a tolerance of its own.
    const { clockTolerance } = settingsFor(claims, this.settings) ?? this.settings;
    const worked = (answer: unknown): unknown => {
      this.#watch.worked(this.denylist);
      return answer;
    };
    return attempt(
      () => {
        const answer = this.denylist.isRevoked(claims, subject, clockTolerance) as Soon<unknown>;
        return after(answerInTime(answer, this.denylist), worked);
      },
      error => {
        this.#watch.failed(error);
        throw new ServiceUnavailable(undefined, 1, { cause: error });
      },
    );
  }
}

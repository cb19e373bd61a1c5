/** What tells revoked tokens apart, which means nothing without their issuer; and the check of every verified token. */
import type { Claims } from '../jws/compact-jws';
import type { Denylist, RevokedTokens } from '../settings/denylist';
import { InvalidToken, ServiceUnavailable } from '../http/exceptions';
import type { Settings } from '../settings/settings';
import { StoreWatch } from '../reports/store-watch';
import type { TokenSubject } from './token-subject';

type SubjectRevocation = Extract<RevokedTokens, { readonly sub: string }>;

/** A revocation as a denylist keeps it. */
export interface DenylistEntries {
  readonly keys: readonly string[];
  /** Seconds since 1970; `Infinity`: all. */
  readonly before: number;
  readonly expiresAt: number;
}

type Kind = 'jti' | SubjectKind | 'sid' | 'client_id' | 'once';
type SubjectKind = `sub${'' | ' without sid'}${'' | ` in ${string}`}`;

/** Returns the key of a revocation: every store spells it this way. */
export function denylistKey(iss: string, kind: Kind, value: string): string {
  return JSON.stringify([iss, kind, value]);
}

/** Every key that a token with these claims is refused by. */
export function keysOfToken(claims: Claims, subject?: Subject): string[] {
  const { jti, sub, sid, client_id: clientId, azp } = claims;
  const iss = typeof claims.iss === 'string' ? claims.iss : '';
  const isElsewhere = subject !== undefined && subject.claim !== 'sub';
  const named: [Kind, unknown][] = [
    ['jti', jti],
    ['client_id', typeof clientId === 'string' ? clientId : azp],
    ...(typeof sid === 'string' ? [['sid', sid] as [Kind, unknown]] : []),
    ...subjectKeys('sub', sub, sid),
    ...(isElsewhere ? subjectKeys(subject.claim, subject.value, sid) : []),
  ];
  return named.flatMap(([kind, value]) => (typeof value === 'string' ? [denylistKey(iss, kind, value)] : []));
}

type Subject = Pick<TokenSubject, 'claim' | 'value'>;

function subjectKeys(claim: string, value: unknown, sid: unknown): [Kind, unknown][] {
  const all: [Kind, unknown] = [subjectKind('sub', claim), value];
  return typeof sid === 'string' ? [all] : [all, [subjectKind('sub without sid', claim), value]];
}

// The claim is part of the identity: a `client_id` that is spelled like a user's `sub` is another subject.
function subjectKind(kind: 'sub' | 'sub without sid', claim: string): SubjectKind {
  return claim === 'sub' ? kind : `${kind} in ${claim}`;
}

/** Is a token of this `iat` among those issued before this time? One that does not say when is. */
export function isIssuedBefore({ iat }: Claims, before: number): boolean {
  return typeof iat !== 'number' || !(iat >= before);
}

/**
 * @param now seconds since 1970
 * @throws TypeError for a revocation that does not say clearly what is meant: nothing is revoked then.
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
  return { keys: keysOfRevocation(iss, named, subjectClaim), before, expiresAt };
}

const revokeForm =
  "revoke() takes 'iss' and one of jti, sub, sid and client_id (or sub and sid), each a string, with sub an optional subjectClaim, and optional times 'before' and 'expiresAt' in seconds since 1970.";

// A time in milliseconds would be thousands of years ahead.
function isTime(value: unknown): boolean {
  return value === Infinity || (typeof value === 'number' && value >= 0 && value < 1e11);
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

/** What every verified token is asked, where the settings have a denylist. */
export class RevocationCheck {
  readonly #watch: StoreWatch;

  /** `undefined` where the settings have none: it costs nothing then. */
  static of({ denylist, logger }: Settings): RevocationCheck | undefined {
    return denylist === undefined ? undefined : new RevocationCheck(denylist, new StoreWatch('denylist', logger));
  }

  private constructor(
    private readonly denylist: Denylist,
    watch: StoreWatch,
  ) {
    this.#watch = watch;
  }

  /**
   * @throws InvalidToken for a revoked token.
   * @throws ServiceUnavailable where the denylist does not say so: it might be revoked.
   */
  async refuseRevoked(claims: Claims, subject?: TokenSubject): Promise<void> {
    if ((await this.#answerOn(claims, subject)) !== false)
      throw new InvalidToken('The access token was revoked', { reason: 'token_revoked' });
  }

  async #answerOn(claims: Claims, subject: TokenSubject | undefined): Promise<unknown> {
    try {
      const answer: unknown = await this.denylist.isRevoked(claims, subject);
      this.#watch.worked();
      return answer;
    } catch (error) {
      this.#watch.failed(error);
      throw new ServiceUnavailable(undefined, 1, { cause: error });
    }
  }
}

/** The contract that every denylist must keep. */
import { randomUUID } from 'node:crypto';
import type { Claims } from '../../core/jws/compact-jws';
import { defaultClockTolerance, longestClockTolerance } from '../../core/settings/kinds';
import { promised, type ContractCase } from './contract-case';

/** The tokens of an issuer that are revoked; see `RevokedTokens`. */
export interface Revoked {
  readonly iss: string;
  readonly jti?: string;
  readonly sub?: string;
  readonly sid?: string;
  readonly client_id?: string;
  /** Seconds since 1970. */
  readonly before?: number;
  /** Seconds since 1970. */
  readonly expiresAt?: number;
}

/** The part of a denylist that a verifier and a logout use. */
export interface RevokingStore {
  // A method, not a property, so that the parameter of a denylist may have a narrower type. It refuses anything else.
  revoke(which: Revoked): void | Promise<void>;
  isRevoked(
    claims: Claims,
    subject?: { readonly claim: string; readonly value: string },
    clockTolerance?: number,
  ): boolean | Promise<boolean>;
  useOnce(iss: string, jti: string, expiresAt: number): boolean | Promise<boolean>;
}

/** Options of {@link denylistContract}: the denylist under test. */
export interface DenylistContract {
  /** Returns the denylist under test. Each case uses a new issuer, so all cases may share one denylist. */
  readonly make: () => RevokingStore | Promise<RevokingStore>;
  /** The time of the denylist, in seconds since 1970; default: `Date.now()`. */
  readonly now?: () => number;
  /** Lets this many seconds pass for the denylist that `make` returned last. Without it, expiry is not tested. */
  readonly advance?: (seconds: number) => void | Promise<void>;
}

interface Trial {
  readonly denylist: RevokingStore;
  readonly iss: string;
  readonly now: number;
}

/**
 * Returns the contract of a `Denylist` as test cases: revocation by jti, sub, sid and client_id, each for one issuer
 * only, and by time; values that may be used only once, even by many simultaneous requests; and the refusal of
 * ambiguous revocations.
 *
 * @example
 * const cases = denylistContract({ make: () => new RedisDenylist(redis) });
 * for (const { name, run } of cases) it(name, run);
 */
export function denylistContract({ make, advance, now }: DenylistContract): readonly ContractCase[] {
  const known = advance === undefined ? promises : [...promises, ...promisesOfTime(advance)];
  return known.map(([name, keep]) => ({
    name,
    run: async () => {
      const denylist = await make();
      await keep({ denylist, iss: `https://${randomUUID()}.example.com`, now: now?.() ?? Date.now() / 1000 });
    },
  }));
}

type DenylistPromise = readonly [name: string, keep: (trial: Trial) => Promise<void>];

async function expectRevoked({ denylist }: Trial, isRevoked: boolean, ...tokens: Claims[]): Promise<void> {
  for (const claims of tokens) {
    const answer: unknown = await denylist.isRevoked(claims);
    promised(answer === isRevoked, `isRevoked(${JSON.stringify(claims)}) is ${String(answer)}.`);
  }
}

const promises: readonly DenylistPromise[] = [
  [
    'lets through what nobody revoked',
    async trial => {
      const { iss } = trial;
      await expectRevoked(trial, false, { iss }, { iss, sub: 'a', jti: 'a', sid: 'a', client_id: 'a' }, {});
    },
  ],
  ...(['jti', 'sub', 'sid', 'client_id'] as const).map((name): DenylistPromise => [
    `refuses by ${name}, of this issuer alone, and by no other claim`,
    async trial => {
      const { denylist, iss } = trial;
      await denylist.revoke({ iss, [name]: 'a' });
      await expectRevoked(trial, true, { iss, [name]: 'a' });
      const others = ['jti', 'sub', 'sid', 'client_id'].filter(other => other !== name);
      await expectRevoked(trial, false, { iss: `${iss}/`, [name]: 'a' }, { [name]: 'a' }, { iss, [name]: 'b' });
      await expectRevoked(trial, false, ...others.map(other => ({ iss, [other]: 'a' })));
    },
  ]),
  [
    'takes azp for client_id where a token has none',
    async trial => {
      const { denylist, iss } = trial;
      await denylist.revoke({ iss, client_id: 'app' });
      await expectRevoked(trial, true, { iss, azp: 'app' });
      await expectRevoked(trial, false, { iss, azp: 'app', client_id: 'other' });
    },
  ],
  [
    'with sub and sid refuses the session, and tokens of the subject that name none',
    async trial => {
      const { denylist, iss } = trial;
      await denylist.revoke({ iss, sub: 'a', sid: 's' });
      await expectRevoked(trial, true, { iss, sub: 'a', sid: 's' }, { iss, sub: 'a' });
      await expectRevoked(trial, false, { iss, sub: 'a', sid: 't' }, { iss, sub: 'b' });
    },
  ],
  [
    'refuses what was issued until a logout or within the tolerance of clocks after it, and what does not say when',
    async trial => {
      const { denylist, iss, now } = trial;
      const before = Math.floor(now);
      await denylist.revoke({ iss, sub: 'a', before });
      const issuedAt = (iat: number): Claims => ({ iss, sub: 'a', iat });
      await expectRevoked(trial, true, issuedAt(before - 1), issuedAt(before), { iss, sub: 'a' });
      await expectRevoked(trial, true, issuedAt(before + defaultClockTolerance));
      await expectRevoked(trial, false, issuedAt(before + defaultClockTolerance + 1));
      for (const tolerance of [0, 60]) {
        const last: unknown = await denylist.isRevoked(issuedAt(before + tolerance), undefined, tolerance);
        const next: unknown = await denylist.isRevoked(issuedAt(before + tolerance + 1), undefined, tolerance);
        promised(last === true && next === false, `isRevoked() ignores the clockTolerance ${tolerance}.`);
      }
    },
  ],
  [
    'is not narrowed by a second revocation',
    async trial => {
      const { denylist, iss, now } = trial;
      await denylist.revoke({ iss, sub: 'a' });
      await denylist.revoke({ iss, sub: 'a', before: Math.floor(now) - 100, expiresAt: Math.floor(now) + 1 });
      await expectRevoked(trial, true, { iss, sub: 'a', iat: Math.floor(now) });
    },
  ],
  [
    'lets through once what may be used once',
    async ({ denylist, iss, now }) => {
      const used = [await denylist.useOnce(iss, 'a', now + 60), await denylist.useOnce(iss, 'a', now + 60)];
      promised(used.join() === 'true,false', `useOnce() twice is ${used.join()}.`);
      promised(await denylist.useOnce(`${iss}/`, 'a', now + 60), 'useOnce() takes one issuer for another.');
    },
  ],
  [
    'lets one through of many that come at once',
    async ({ denylist, iss, now }) => {
      const used = await Promise.all(Array.from({ length: 40 }, async () => denylist.useOnce(iss, 'a', now + 60)));
      const through = used.filter(Boolean).length;
      promised(through === 1, `Of 40 useOnce() at once ${through} are true: decide in one atomic step.`);
    },
  ],
  [
    'refuses a revocation that does not say clearly what is meant',
    async trial => {
      const { denylist, iss } = trial;
      const unclear: unknown[] = [{ iss }, { sub: 'a' }, { iss, jti: '' }, { iss, sub: 7 }, { iss, subject: 'a' }];
      for (const which of unclear)
        promised(await isRefused(denylist, which), `revoke(${JSON.stringify(which)}) is accepted.`);
      await expectRevoked(trial, false, { iss, sub: 'a', jti: 'a' });
    },
  ],
];

async function isRefused(denylist: RevokingStore, which: unknown): Promise<boolean> {
  try {
    await denylist.revoke(which as Revoked);
    return false;
  } catch {
    return true;
  }
}

const promisesOfTime = (advance: (seconds: number) => void | Promise<void>): readonly DenylistPromise[] => [
  [
    'remembers until a revocation expires',
    async trial => {
      const { denylist, iss, now } = trial;
      await denylist.revoke({ iss, jti: 'a', expiresAt: Math.floor(now) + 60 });
      await advance(58);
      await expectRevoked(trial, true, { iss, jti: 'a' });
    },
  ],
  [
    `remembers a revocation ${longestClockTolerance} seconds longer: a server may accept the tokens for as long`,
    async trial => {
      const { denylist, iss, now } = trial;
      await denylist.revoke({ iss, jti: 'a', expiresAt: Math.floor(now) + 60 });
      await advance(58 + longestClockTolerance);
      await expectRevoked(trial, true, { iss, jti: 'a' });
    },
  ],
  [
    'of two revocations remembers the one that lasts longer',
    async trial => {
      const { denylist, iss, now } = trial;
      await denylist.revoke({ iss, jti: 'a', expiresAt: Math.floor(now) + 600 });
      await denylist.revoke({ iss, jti: 'a', expiresAt: Math.floor(now) + 60 });
      await advance(300 + longestClockTolerance);
      await expectRevoked(trial, true, { iss, jti: 'a' });
    },
  ],
];

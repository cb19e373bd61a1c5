import crypto from 'node:crypto';
import { expect } from 'chai';
import { ImproperlyConfigured, ServiceUnavailable } from '../../../src/core/http/exceptions';
import { Argon2Scheme, installedArgon2, type Argon2 } from '../../../src/microservice/users/argon2-scheme';
import { HashingQueue } from '../../../src/microservice/users/hashing-queue';
import { PhcPasswordHasher } from '../../../src/microservice/users/password-hasher';
import { ScryptScheme } from '../../../src/microservice/users/scrypt-scheme';
import { RecordingLogger } from '../../issuer/recording-logger';

const argon2 = installedArgon2()!;
const cheapScrypt = { ln: 10, r: 8, p: 1 };
const cheapArgon2 = { m: 8192, t: 1, p: 1 };

interface ScryptCall {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** The parameters of every call of `scrypt` while something is done. */
async function scryptCalls(work: () => Promise<unknown>): Promise<ScryptCall[]> {
  const calls: ScryptCall[] = [];
  const { scrypt } = crypto;
  crypto.scrypt = ((...given: Parameters<typeof scrypt>) => {
    const { N, r, p } = given[3] as ScryptCall;
    calls.push({ N, r, p });
    scrypt(...given);
  }) as typeof scrypt;
  try {
    await work();
  } finally {
    crypto.scrypt = scrypt;
  }
  return calls;
}

function workOf(calls: readonly ScryptCall[]): number {
  return calls.reduce((sum, { N, r, p }) => sum + N * r * p, 0);
}

describe('passwords by scrypt', () => {
  const scheme = new ScryptScheme(cheapScrypt);

  it('are hashed to a PHC string with a salt of its own, and verified', async () => {
    const [one, other] = [await scheme.hash('sparrowhawk'), await scheme.hash('sparrowhawk')];
    expect(one).to.match(/^\$scrypt\$ln=10,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.to.equal(other);
    expect(await scheme.verify('sparrowhawk', one)).to.equal(true);
    expect(await scheme.verify('Sparrowhawk', one)).to.equal(false);
    expect(await scheme.verify('', one)).to.equal(false);
  });

  // RFC 7914 §12: P="pleaseletmein", S="SodiumChloride", N=16384, r=8, p=1.
  it('are those of RFC 7914', async () => {
    const key = Buffer.from(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      'hex',
    );
    const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
    const hash = `$scrypt$ln=14,r=8,p=1$${unpadded(Buffer.from('SodiumChloride'))}$${unpadded(key)}`;
    expect(await scheme.verify('pleaseletmein', hash)).to.equal(true);
    expect(await scheme.verify('pleaseletmeIn', hash)).to.equal(false);
  });

  const salt = 'AAAAAAAAAAAAAAAAAAAAAA';
  const key = 'A'.repeat(43);
  for (const [what, hash] of [
    ['no hash at all', ''],
    ['an unusable password of Django', '!unusable'],
    ['an empty key, which every password would have', `$scrypt$ln=10,r=8,p=1$${salt}$`],
    ['a key that is too short', `$scrypt$ln=10,r=8,p=1$${salt}$AAAA`],
    ['no salt', `$scrypt$ln=10,r=8,p=1$$${key}`],
    ['a cost that takes all memory', `$scrypt$ln=30,r=8,p=1$${salt}$${key}`],
    ['a block size that takes all memory', `$scrypt$ln=10,r=99,p=1$${salt}$${key}`],
    ['rounds that take all day', `$scrypt$ln=10,r=8,p=99$${salt}$${key}`],
    ['a cost of nothing', `$scrypt$ln=0,r=8,p=1$${salt}$${key}`],
    ['something behind it', `$scrypt$ln=10,r=8,p=1$${salt}$${key}$`],
    ['a line break', `$scrypt$ln=10,r=8,p=1$${salt}$${key}\n`],
  ] as const)
    it(`are not read from a string with ${what}`, () => {
      expect(scheme.accepts(hash)).to.equal(false);
      expect(scheme.isCurrent(hash)).to.equal(false);
    });

  for (const parameters of [
    { ln: 9, r: 8, p: 1 },
    { ln: 21, r: 8, p: 1 },
    { ln: 15, r: 0, p: 1 },
    { ln: 15, r: 8, p: 17 },
    { ln: 15.5, r: 8, p: 1 },
  ])
    it(`have no parameters ${JSON.stringify(parameters)}`, () => {
      expect(() => new ScryptScheme(parameters)).to.throw(ImproperlyConfigured, JSON.stringify(parameters));
    });

  for (const old of [
    { ln: 10, r: 8, p: 1 },
    { ln: 11, r: 8, p: 1 },
    { ln: 11, r: 4, p: 3 },
    { ln: 12, r: 8, p: 2 },
  ])
    it(`take the same work when they are wrong, also against an old hash of ${JSON.stringify(old)}`, async () => {
      const today = new ScryptScheme({ ln: 12, r: 8, p: 2 });
      const hash = await new ScryptScheme(old).hash('right');
      const unknown = await scryptCalls(() => today.verify('wrong', today.decoy));
      const wrong = await scryptCalls(() => today.verify('wrong', hash));
      expect(unknown).to.deep.equal([{ N: 4096, r: 8, p: 2 }]);
      expect(workOf(wrong)).to.be.within(workOf(unknown) - 16, workOf(unknown));
    });
});

describe('passwords by Argon2id', () => {
  const scheme = new Argon2Scheme(argon2, cheapArgon2);

  it('are hashed to a PHC string, and verified', async () => {
    const hash = await scheme.hash('sparrowhawk');
    expect(hash).to.match(/^\$argon2id\$v=19\$m=8192,t=1,p=1\$/);
    expect(scheme.accepts(hash)).to.equal(true);
    expect(await scheme.verify('sparrowhawk', hash)).to.equal(true);
    expect(await scheme.verify('other', hash)).to.equal(false);
    expect(await scheme.verify('other', scheme.decoy)).to.equal(false);
  });

  it('take the missing work when they are wrong against an old hash', async () => {
    const passes: number[] = [];
    const spy: Argon2 = {
      hash: (...given) => argon2.hash(...given),
      verify: (...given) => argon2.verify(...given),
      hashRaw: (password, options) => {
        passes.push(options.timeCost);
        return argon2.hashRaw(password, options);
      },
    };
    const today = new Argon2Scheme(spy, { m: 8192, t: 3, p: 1 });
    const old = await scheme.hash('right');
    expect(await today.verify('wrong', old)).to.equal(false);
    expect(passes).to.deep.equal([2]);
    expect(await today.verify('right', old)).to.equal(true);
    expect(await today.verify('wrong', today.decoy)).to.equal(false);
    expect(passes).to.deep.equal([2]);
  });

  it('have no parameters out of bounds', () => {
    expect(() => new Argon2Scheme(argon2, { m: 100, t: 2, p: 1 })).to.throw(ImproperlyConfigured, '"m":100');
    expect(scheme.accepts(scheme.decoy.replace('m=8192', 'm=9999999'))).to.equal(false);
  });
});

describe('hashes of passwords', () => {
  const both = new PhcPasswordHasher({ scrypt: cheapScrypt, argon2: cheapArgon2 });
  const scryptOnly = new PhcPasswordHasher({ scrypt: cheapScrypt }, null);

  it("are Argon2's where the package is installed, and scrypt's where it is not, or not wanted", async () => {
    expect(await both.hash('a')).to.match(/^\$argon2id\$/);
    expect(both.decoy).to.match(/^\$argon2id\$/);
    expect(await scryptOnly.hash('a')).to.match(/^\$scrypt\$/);
    expect(scryptOnly.decoy).to.match(/^\$scrypt\$ln=10,r=8,p=1\$/);
    expect(await new PhcPasswordHasher({ argon2: false, scrypt: cheapScrypt }).hash('a')).to.match(/^\$scrypt\$/);
  });

  it('are verified in both schemes', async () => {
    for (const hasher of [both, scryptOnly]) {
      expect(await both.verify('a', await hasher.hash('a'))).to.equal(true);
      expect(await both.verify('b', await hasher.hash('a'))).to.equal(false);
    }
  });

  it('are to be made anew once the parameters have grown, or the better scheme is there', async () => {
    const stronger = new PhcPasswordHasher({ scrypt: { ln: 11, r: 8, p: 1 } }, null);
    const [old, current] = [await scryptOnly.hash('a'), await stronger.hash('a')];
    expect(stronger.needsRehash(old)).to.equal(true);
    expect(stronger.needsRehash(current)).to.equal(false);
    // What is stronger than asked for is not made weaker.
    expect(scryptOnly.needsRehash(current)).to.equal(false);
    expect(both.needsRehash(old)).to.equal(true);
    expect(both.needsRehash(await both.hash('a'))).to.equal(false);
    // The same work in less memory is weaker.
    expect(
      new PhcPasswordHasher({ scrypt: { ln: 12, r: 8, p: 1 } }, null).needsRehash(
        await new ScryptScheme({ ln: 11, r: 8, p: 2 }).hash('a'),
      ),
    ).to.equal(true);
  });

  it('that cannot be read have no password, take the usual work, and are reported without a value', async () => {
    const logger = new RecordingLogger();
    const hasher = new PhcPasswordHasher({ scrypt: cheapScrypt, logger }, null);
    const unread = '$argon2id$v=19$m=8192,t=1,p=1$c2VjcmV0c2VjcmV0$c2VjcmV0c2VjcmV0c2VjcmV0';
    const calls = await scryptCalls(async () => expect(await hasher.verify('a', unread)).to.equal(false));
    expect(calls).to.deep.equal([{ N: 1024, r: 8, p: 1 }]);
    expect(logger.text('error')).to.contain('argon2id').and.not.to.contain('c2Vj');
  });

  it('are never matched by a decoy, not even its own', async () => {
    expect(await scryptOnly.verify('', scryptOnly.decoy)).to.equal(false);
    expect(new Set([scryptOnly.decoy, new PhcPasswordHasher({ scrypt: cheapScrypt }, null).decoy]).size).to.equal(2);
  });

  it('are of characters, however they are composed', async () => {
    expect(await scryptOnly.verify('caf\u00E9', await scryptOnly.hash('cafe\u0301'))).to.equal(true);
    expect(await scryptOnly.verify('cafe', await scryptOnly.hash('caf\u00E9'))).to.equal(false);
  });
});

describe('the queue of passwords', () => {
  /** Jobs that end when a test says so. */
  class Jobs {
    started = 0;
    readonly ends: (() => void)[] = [];
    readonly run = (): Promise<void> => {
      this.started++;
      return new Promise(resolve => this.ends.push(resolve));
    };
  }

  it('runs a few jobs, lets a few wait, and refuses the next one', async () => {
    const queue = new HashingQueue({ concurrency: 2, longestQueue: 3 });
    const jobs = new Jobs();
    const accepted = Array.from({ length: 5 }, () => queue.run(jobs.run));
    const refused = await queue.run(jobs.run).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ServiceUnavailable);
    expect((refused as ServiceUnavailable).headers).to.deep.equal({ 'Retry-After': '1' });
    expect(jobs.started).to.equal(2);
    while (jobs.ends.length > 0) {
      jobs.ends.shift()!();
      await new Promise(setImmediate);
      expect(jobs.ends.length).to.be.at.most(2);
    }
    await Promise.all(accepted);
    expect(jobs.started).to.equal(5);
  });

  it('goes on after a job that failed', async () => {
    const queue = new HashingQueue({ concurrency: 1, longestQueue: 1 });
    const failed = queue.run(() => Promise.reject(new Error('out of memory')));
    const next = queue.run(() => Promise.resolve('done'));
    expect(await failed.catch((error: unknown) => (error as Error).message)).to.equal('out of memory');
    expect(await next).to.equal('done');
    expect(await queue.run(() => Promise.resolve('again'))).to.equal('again');
  });

  for (const [what, hog, newcomer, isLetIn] of [
    ['lets another site wait in the place of the one with the most jobs', '192.0.2.1', '198.51.100.1', true],
    [
      'lets another address of the same site wait in the place of the one with the most',
      '192.0.2.1',
      '192.0.2.2',
      true,
    ],
    ['lets another IPv6 network of the same site wait', '2001:db8::1', '2001:db8:0:1::1', true],
    ['takes an IPv6 /64 for one address', '2001:db8::1', '2001:db8::2', false],
    ['lets a job without an address wait', '192.0.2.1', undefined, true],
    ['refuses a further job of the same address', '192.0.2.1', '192.0.2.1:4000', false],
    ['refuses a further job without an address', undefined, undefined, false],
  ] as const)
    it(what, async () => {
      const queue = new HashingQueue({ concurrency: 1, longestQueue: 3 });
      const jobs = new Jobs();
      const tried = [hog, hog, hog, hog, newcomer].map(address => queue.run(jobs.run, address));
      const outcomes = Promise.allSettled(tried);
      for (let ended = 0; ended < 4; ended++) {
        await new Promise(setImmediate);
        jobs.ends.shift()!();
      }
      const refused = (await outcomes).map(({ status }) => status === 'rejected');
      expect(refused).to.deep.equal([false, false, false, isLetIn, !isLetIn]);
      expect(jobs.started).to.equal(4);
    });

  it('gives two addresses equal shares, and refuses a third job where each has its share', async () => {
    const queue = new HashingQueue({ concurrency: 1, longestQueue: 4 });
    const jobs = new Jobs();
    const [one, other] = ['192.0.2.1', '198.51.100.1'];
    const tried = [one, one, one, one, one, other, other, other, one].map(address => queue.run(jobs.run, address));
    const outcomes = Promise.allSettled(tried);
    for (let ended = 0; ended < 5; ended++) {
      await new Promise(setImmediate);
      jobs.ends.shift()!();
    }
    const refused = (await outcomes).map(({ status }) => status === 'rejected');
    expect(refused).to.deep.equal([false, false, false, true, true, false, false, true, true]);
  });

  it('bounds what a hasher does, verifying and hashing together', async () => {
    const hasher = new PhcPasswordHasher({ scrypt: cheapScrypt, concurrency: 1, longestQueue: 2 }, null);
    const tries = Array.from({ length: 10 }, () => hasher.verify('a', hasher.decoy));
    const outcomes = await Promise.allSettled([...tries, hasher.hash('a')]);
    const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused).to.have.length(8);
    expect(refused.every(({ reason }) => reason instanceof ServiceUnavailable)).to.equal(true);
  });
});

describe('the scrypt scheme where scrypt says undefined for no error, as on Bun', () => {
  const { scrypt } = crypto;
  type Done = (error: unknown, key: unknown) => void;

  /** @param answer what scrypt calls back with */
  function replaceScrypt(answer: (error: unknown, key: unknown, done: Done) => void): void {
    crypto.scrypt = ((...given: Parameters<typeof scrypt>) => {
      const done = given[4] as unknown as Done;
      scrypt(given[0], given[1], given[2], given[3], (error, key) => {
        answer(error, key, done);
      });
    }) as typeof scrypt;
  }

  afterEach(() => (crypto.scrypt = scrypt));

  it('hashes and verifies', async () => {
    replaceScrypt((error, key, done) => {
      done(error ?? undefined, key);
    });
    const scheme = new ScryptScheme(cheapScrypt);
    const hash = await scheme.hash('open sesame');
    expect(await scheme.verify('open sesame', hash)).to.equal(true);
    expect(await scheme.verify('open barley', hash)).to.equal(false);
  });

  it('rejects where scrypt fails', async () => {
    const scheme = new ScryptScheme(cheapScrypt);
    replaceScrypt((_error, _key, done) => {
      done(new Error('out of memory'), undefined);
    });
    const failure: unknown = await scheme.hash('open sesame').catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error).with.property('message', 'out of memory');
  });
});

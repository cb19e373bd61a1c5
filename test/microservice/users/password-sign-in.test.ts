import { expect } from 'chai';
import { AuthenticationFailed, ServiceUnavailable, Throttled } from '../../../src/core/http/exceptions';
import { InvalidFields } from '../../../src/microservice/invalid-fields';
import { MemoryUserStore } from '../../../src/microservice/users/memory-user-store';
import { PhcPasswordHasher, type PasswordHasher } from '../../../src/microservice/users/password-hasher';
import { PasswordSignIn } from '../../../src/microservice/users/password-sign-in';
import { MemorySignInAttempts } from '../../../src/core/attempts/sign-in-attempts';
import type { User } from '../../../src/microservice/users/user';
import { RecordingLogger } from '../../issuer/recording-logger';
import { FakeTime } from '../../issuer/fake-time';
import { silentLogger } from '../../issuer/test-issuer';

const scrypt = { ln: 10, r: 8, p: 1 };
const address = '192.0.2.1';

/** Writes down what it is asked. */
class SpyingHasher implements PasswordHasher {
  readonly calls: { readonly method: 'hash' | 'verify'; readonly password: string; readonly hash?: string }[] = [];
  readonly #inner = new PhcPasswordHasher({ scrypt, logger: silentLogger }, null);
  #tell = (): void => undefined;
  /** Settled once a password was verified. */
  readonly verified = new Promise<void>(resolve => (this.#tell = resolve));

  get decoy(): string {
    return this.#inner.decoy;
  }

  hash(password: string): Promise<string> {
    this.calls.push({ method: 'hash', password });
    return this.#inner.hash(password);
  }

  async verify(password: string, hash: string): Promise<boolean> {
    this.calls.push({ method: 'verify', password, hash });
    try {
      return await this.#inner.verify(password, hash);
    } finally {
      this.#tell();
    }
  }

  needsRehash(hash: string): boolean {
    return this.#inner.needsRehash(hash);
  }
}

/** Timers that run out when a test says so. */
class HeldTimers {
  readonly delays: number[] = [];
  readonly #callbacks: (() => void)[] = [];

  setTimeout(callback: () => void, delay: number): void {
    this.delays.push(delay);
    this.#callbacks.push(callback);
  }

  clearTimeout(): void {
    // Nobody asks for it here.
  }

  run(): void {
    for (const callback of this.#callbacks) callback();
  }
}

/** A turn of the event loop: what had nothing more to wait for is done. */
const settled = () => new Promise(resolve => setImmediate(resolve));

describe('signing in with a password', () => {
  const time = new FakeTime();
  let hasher: SpyingHasher;
  let users: MemoryUserStore;
  let logger: RecordingLogger;
  let signIn: PasswordSignIn;
  let ged: User;

  beforeEach(async () => {
    hasher = new SpyingHasher();
    users = new MemoryUserStore();
    logger = new RecordingLogger();
    signIn = new PasswordSignIn(users, hasher, new MemorySignInAttempts(), {
      clock: time.clock,
      logger,
      refusalTime: 0,
    });
    const passwordHash = await hasher.hash('sparrowhawk');
    ged = await users.create({ username: 'ged', passwordHash });
    const retired = await users.create({ username: 'ogion', passwordHash });
    users.update(retired.id, { isActive: false });
    await users.create({ username: 'from-a-provider', identity: { issuer: 'https://idp.example.com', subject: '1' } });
    await users.create({ username: 'unreadable', passwordHash: '!' });
    hasher.calls.length = 0;
  });

  async function failure(trying: Promise<unknown>): Promise<unknown> {
    return trying.then(
      () => 'signed in',
      (error: unknown) => error,
    );
  }

  for (const [what, username] of [
    ['a wrong password', 'ged'],
    ['an unknown user', 'nobody'],
    ['an inactive user', 'ogion'],
  ] as const)
    it(`refuses ${what} not before refusalTime is over, counted from the question`, async () => {
      const timers = new HeldTimers();
      const slow = new PasswordSignIn(users, hasher, new MemorySignInAttempts(), { refusalTime: 0.25, timers, logger });
      let refusal: unknown;
      const refused = failure(slow.signIn({ username, password: 'gont', address })).then(error => (refusal = error));
      await hasher.verified;
      await settled();
      expect(refusal).to.equal(undefined);
      expect(timers.delays).to.deep.equal([250]);
      timers.run();
      await refused;
      expect(refusal).to.be.instanceOf(AuthenticationFailed);
    });

  it('lets in who has the right one without waiting', async () => {
    const timers = new HeldTimers();
    const slow = new PasswordSignIn(users, hasher, new MemorySignInAttempts(), { refusalTime: 0.25, timers, logger });
    expect((await slow.signIn({ username: 'ged', password: 'sparrowhawk', address })).user.id).to.equal(ged.id);
  });

  it('lets in who has the right one, and remembers when', async () => {
    const { user } = await signIn.signIn({ username: 'ged', password: 'sparrowhawk', address });
    expect(user.id).to.equal(ged.id);
    expect((await users.findById(ged.id))!['lastLogin']).to.deep.equal(new Date(time.now));
  });

  for (const [what, username, password] of [
    ['an unknown name', 'nobody', 'sparrowhawk'],
    ['a wrong password', 'ged', 'Sparrowhawk'],
    ['an inactive user', 'ogion', 'sparrowhawk'],
    ['an inactive user with a wrong password', 'ogion', 'wrong'],
    ['a user without a password', 'from-a-provider', 'sparrowhawk'],
    ['a hash that cannot be read', 'unreadable', '!'],
    ['the decoy as a password', 'nobody', '$scrypt$'],
  ] as const)
    it(`refuses ${what} as it refuses everybody, after the same one call of the hasher`, async () => {
      const error = (await failure(signIn.signIn({ username, password, address }))) as AuthenticationFailed;
      expect(error).to.be.instanceOf(AuthenticationFailed);
      expect(error.httpCode).to.equal(401);
      expect(error.toJSON()).to.deep.equal({
        error: 'authentication_failed',
        error_description: 'No active account found with the given credentials',
      });
      expect(error.headers).to.deep.equal({});
      expect(error.cause).to.equal(undefined);
      expect(hasher.calls.map(({ method }) => method)).to.deep.equal(['verify']);
      expect(hasher.calls[0]!.password).to.equal(password);
    });

  it('asks the hasher with the same parameters for a user that exists and for one that does not', async () => {
    await failure(signIn.signIn({ username: 'ged', password: 'wrong', address }));
    await failure(signIn.signIn({ username: 'nobody', password: 'wrong', address }));
    const parameters = hasher.calls.map(({ hash }) => hash!.split('$').slice(0, 3));
    expect(parameters).to.deep.equal([
      ['', 'scrypt', 'ln=10,r=8,p=1'],
      ['', 'scrypt', 'ln=10,r=8,p=1'],
    ]);
    const lengths = hasher.calls.map(({ hash }) => hash!.length);
    expect(lengths[0]).to.equal(lengths[1]);
  });

  for (const [what, body, fields] of [
    ['nothing', {}, { username: ['This field is required.'], password: ['This field is required.'] }],
    ['no password', { username: 'ged' }, { password: ['This field is required.'] }],
    [
      'blank ones',
      { username: '', password: '' },
      { username: ['This field may not be blank.'], password: ['This field may not be blank.'] },
    ],
    ['null', { username: null, password: 'a' }, { username: ['This field may not be null.'] }],
    ['a number', { username: 1, password: 'a' }, { username: ['Not a valid string.'] }],
    ['a list', { username: 'ged', password: ['a'] }, { password: ['Not a valid string.'] }],
    ['an object', { username: { $ne: null }, password: 'a' }, { username: ['Not a valid string.'] }],
    [
      'a password that is too long',
      { username: 'ged', password: 'x'.repeat(1025) },
      { password: ['Ensure this field has no more than 1024 characters.'] },
    ],
    [
      'a name that is too long',
      { username: 'x'.repeat(255), password: 'a' },
      { username: ['Ensure this field has no more than 254 characters.'] },
    ],
    ['a null character', { username: 'ged\0', password: 'a' }, { username: ['Null characters are not allowed.'] }],
    ['half a character', { username: 'ged', password: 'a\uD800' }, { password: ['Not a valid string.'] }],
  ] as const)
    it(`says what is wrong with a body with ${what}, and hashes nothing`, async () => {
      const error = (await failure(signIn.signIn({ ...body, address }))) as InvalidFields;
      expect(error).to.be.instanceOf(InvalidFields);
      expect(error.httpCode).to.equal(400);
      expect(error.toJSON()).to.deep.equal({
        error: 'invalid_request',
        error_description: 'Fields of the request are missing or malformed',
        fields,
      });
      expect(hasher.calls).to.deep.equal([]);
    });

  it('takes a password of the greatest length', async () => {
    await users.create({ username: 'long', passwordHash: await hasher.hash('x'.repeat(1024)) });
    const { user } = await signIn.signIn({ username: 'long', password: 'x'.repeat(1024), address });
    expect(user.username).to.equal('long');
    expect(await failure(signIn.signIn({ username: 'long', password: 'x'.repeat(1023), address }))).to.be.instanceOf(
      AuthenticationFailed,
    );
  });

  it('is refused after too many tries, unknown users and the right password included, and hashes nothing then', async () => {
    for (const username of ['ged', 'nobody']) {
      for (let count = 0; count < 10; count++) await failure(signIn.signIn({ username, password: 'wrong', address }));
      hasher.calls.length = 0;
      const error = (await failure(signIn.signIn({ username, password: 'sparrowhawk', address }))) as Throttled;
      expect(error).to.be.instanceOf(Throttled);
      expect(error.headers['Retry-After']).to.match(/^[1-9]\d*$/);
      expect(hasher.calls).to.deep.equal([]);
    }
    // From elsewhere the account is not closed.
    const { user } = await new PasswordSignIn(users, hasher, new MemorySignInAttempts()).signIn({
      username: 'ged',
      password: 'sparrowhawk',
      address: '192.0.2.77',
    });
    expect(user.id).to.equal(ged.id);
  });

  it('makes the hash anew once the parameters have grown, after a good sign-in alone', async () => {
    const stronger = new PhcPasswordHasher({ scrypt: { ln: 11, r: 8, p: 1 } }, null);
    const next = new PasswordSignIn(users, stronger, new MemorySignInAttempts(), { logger });
    await failure(next.signIn({ username: 'ged', password: 'wrong', address }));
    expect((await users.findByUsername('ged'))!.passwordHash).to.match(/^\$scrypt\$ln=10,/);
    await next.signIn({ username: 'ged', password: 'sparrowhawk', address });
    expect((await users.findByUsername('ged'))!.passwordHash).to.match(/^\$scrypt\$ln=11,/);
    expect((await next.signIn({ username: 'ged', password: 'sparrowhawk', address })).user.id).to.equal(ged.id);
  });

  it('keeps a password that was changed while the old one was hashed anew', async () => {
    const changed = await hasher.hash('new password');
    const stronger = new PhcPasswordHasher({ scrypt: { ln: 11, r: 8, p: 1 } }, null);
    const original = (await users.findByUsername('ged'))!.passwordHash!;
    const hash = stronger.hash.bind(stronger);
    stronger.hash = async password => {
      await users.replacePasswordHash(ged.id, original, changed);
      return hash(password);
    };
    await new PasswordSignIn(users, stronger, new MemorySignInAttempts()).signIn({
      username: 'ged',
      password: 'sparrowhawk',
      address,
    });
    expect((await users.findByUsername('ged'))!.passwordHash).to.equal(changed);
  });

  it('lets in also where the time of it cannot be written down, and says so without a secret', async () => {
    users.touchLogin = () => Promise.reject(new Error('read-only: sparrowhawk'));
    const { user } = await signIn.signIn({ username: 'ged', password: 'sparrowhawk', address });
    expect(user.id).to.equal(ged.id);
    expect(logger.text('warn')).to.contain('could not be written down').and.not.to.contain('sparrowhawk');
  });

  it('fails, and does not count, where users cannot be asked or too many wait', async () => {
    const { findByUsername } = users;
    users.findByUsername = () => Promise.reject(new ServiceUnavailable());
    for (let count = 0; count < 20; count++)
      expect(await failure(signIn.signIn({ username: 'ged', password: 'sparrowhawk', address }))).to.be.instanceOf(
        ServiceUnavailable,
      );
    users.findByUsername = findByUsername;
    expect((await signIn.signIn({ username: 'ged', password: 'sparrowhawk', address })).user.id).to.equal(ged.id);
  });
});

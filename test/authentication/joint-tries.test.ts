import { expect } from 'chai';
import type { Attempt, SignInAttempts } from 'axioms-routing-controllers';
import { JointTries } from '../../src/authentication/joint-tries';

class RecordedAttempts implements SignInAttempts {
  readonly told: string[] = [];

  begin({ account, address }: Attempt): Promise<void> {
    this.told.push(`begin ${account} ${address}`);
    return Promise.resolve();
  }

  succeeded({ account }: Attempt): void {
    this.told.push(`succeeded ${account}`);
  }

  undecided({ account }: Attempt): void {
    this.told.push(`undecided ${account}`);
  }
}

const alice = { userid: 'alice', password: 'secret' };
const here = '192.0.2.1';

describe('JointTries', () => {
  let attempts: RecordedAttempts;
  let tries: JointTries;
  beforeEach(() => {
    attempts = new RecordedAttempts();
    tries = JointTries.of(attempts);
  });

  it('counts the same credentials from the same address once while they are tried', async () => {
    await Promise.all([tries.begin(alice, here, 'Staff'), tries.begin(alice, here, 'Staff')]);
    expect(attempts.told).to.deep.equal(['begin alice 192.0.2.1']);
  });

  it('counts two accounts that try the same password at the same time apart', async () => {
    await Promise.all([tries.begin(alice, here, 'Staff'), tries.begin({ ...alice, userid: 'bob' }, here, 'Staff')]);
    expect(attempts.told).to.deep.equal(['begin alice 192.0.2.1', 'begin bob 192.0.2.1']);
  });

  it('counts two addresses that try the same credentials at the same time apart', async () => {
    await Promise.all([tries.begin(alice, here, 'Staff'), tries.begin(alice, '192.0.2.2', 'Staff')]);
    expect(attempts.told).to.deep.equal(['begin alice 192.0.2.1', 'begin alice 192.0.2.2']);
  });

  it('counts two passwords that are tried at the same time apart', async () => {
    await Promise.all([tries.begin(alice, here, 'Staff'), tries.begin({ ...alice, password: 'other' }, here, 'Staff')]);
    expect(attempts.told).to.have.length(2);
  });

  it('counts two kinds of accounts that are tried with the same credentials at the same time apart', async () => {
    await Promise.all([tries.begin(alice, here, 'Staff'), tries.begin(alice, here, 'Customers')]);
    expect(attempts.told).to.have.length(2);
  });

  it('reports the outcome once, when the last part has ended', async () => {
    const first = await tries.begin(alice, here, 'Staff');
    const second = await tries.begin(alice, here, 'Staff');
    await first.end('succeeded');
    expect(attempts.told).to.deep.equal(['begin alice 192.0.2.1']);
    await second.end('failed');
    expect(attempts.told).to.deep.equal(['begin alice 192.0.2.1', 'succeeded alice']);
  });

  it('lets a request join a try until its last part has ended', async () => {
    const first = await tries.begin(alice, here, 'Staff');
    const second = await tries.begin(alice, here, 'Staff');
    await first.end('failed');
    const third = await tries.begin(alice, here, 'Staff');
    await second.end('failed');
    await third.end('failed');
    await tries.begin(alice, here, 'Staff');
    expect(attempts.told).to.deep.equal(['begin alice 192.0.2.1', 'begin alice 192.0.2.1']);
  });

  it('takes a failure over an undecided outcome, so that the try stays counted', async () => {
    const first = await tries.begin(alice, here, 'Staff');
    const second = await tries.begin(alice, here, 'Staff');
    await first.end('undecided');
    await second.end('failed');
    expect(attempts.told).to.deep.equal(['begin alice 192.0.2.1']);
  });
});

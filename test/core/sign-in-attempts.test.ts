import { expect } from 'chai';
import { Throttled } from '../../src/core/exceptions';
import { MemorySignInAttempts } from '../../src/core/sign-in-attempts';

/** Is the second address the first one's, as far as tries are counted? */
async function isSame(first: string, second: string): Promise<boolean> {
  const attempts = new MemorySignInAttempts({ triesPerAddress: 1 });
  await attempts.begin({ account: 'alice', address: first });
  const failure: unknown = await attempts.begin({ account: 'bob', address: second }).catch((error: unknown) => error);
  if (failure !== undefined) expect(failure).to.be.instanceOf(Throttled);
  return failure !== undefined;
}

describe('Tries by address', () => {
  const addresses: [first: string, second: string, isOne: boolean][] = [
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff:ffff:ffff:ffff', true],
    ['2001:db8:0:1::1', '2001:DB8:0000:0001::2', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['2001:db8::1', '2001:db8:0:0:1::', true],
    ['fe80::1%eth0', 'fe80::1%eth1', true],
    ['::1', '2001:db8::1', false],
    // What is no address, a proxy's own name for the caller, say, has no network.
    ['proxy:a:b:c:one', 'proxy:a:b:c:one', true],
    ['proxy:a:b:c:one', 'proxy:a:b:c:two', false],
  ];
  for (const [first, second, isOne] of addresses)
    it(`of ${first} and of ${second} are ${isOne ? 'tries of one' : 'apart'}`, async () => {
      expect(await isSame(first, second)).to.equal(isOne);
    });
});

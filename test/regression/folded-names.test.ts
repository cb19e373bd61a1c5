/**
 * Fault: a name in spellings that a database's collation ignores (accents, invisible signs) was another account for the limits
 * of sign-ins, and the same account for the database.
 */
import { expect } from 'chai';
import { MemorySignInAttempts } from '../../src/core/attempts/sign-in-attempts';

const address = '192.0.2.1';

async function isRefused(attempts: MemorySignInAttempts, account: string): Promise<boolean> {
  return attempts.begin({ account, address }).then(
    () => false,
    () => true,
  );
}

describe('regression: names that a database takes for the same', () => {
  const spellings = [
    'ádmîn',
    'ädmĩn',
    'ADMIN',
    'admin',
    'ad\u00admin',
    'a\u200bdmin',
    'admi\u0301n',
    'ad\u034fmin',
    ' admin ',
  ];
  for (const spelling of spellings)
    it(`count together: admin and ${JSON.stringify(spelling)}`, async () => {
      const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 2 });
      expect(await isRefused(attempts, 'admin')).to.equal(false);
      expect(await isRefused(attempts, spelling)).to.equal(false);
      expect(await isRefused(attempts, 'admin')).to.equal(true);
    });

  it('count together where a letter has a longer form', async () => {
    const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 1 });
    await attempts.begin({ account: 'strasse', address });
    expect(await isRefused(attempts, 'straße')).to.equal(true);
  });

  it('do not count together with other names', async () => {
    const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 1 });
    await attempts.begin({ account: 'admin', address });
    expect(await isRefused(attempts, 'admit')).to.equal(false);
  });
});

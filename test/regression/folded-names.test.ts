/**
 * Fault: a name in spellings that a database's collation ignores (accents, invisible signs) was another account for the limits
 * of sign-ins, and the same account for the database.
 */
import { expect } from 'chai';
import { partsOf } from '../../src/core/attempts/attempt-parts';
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

  for (const spelling of ['geđ١٩٧٨', 'ged１９７８', 'geð𝟙𝟡𝟟𝟠', 'ged१९७८', 'ge\u0640d1978'])
    it(`count together: ged1978 and ${spelling}`, async () => {
      const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 1 });
      await attempts.begin({ account: 'ged1978', address });
      expect(await isRefused(attempts, spelling)).to.equal(true);
    });

  it('count each digit of each script as its value', () => {
    for (const zero of [0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0xff10, 0x104a0, 0x1d7ce])
      for (let value = 0; value < 10; value += 1) {
        const { account } = partsOf({ account: String.fromCodePoint(zero + value), address });
        expect(account[1]).to.equal(String(value));
      }
  });

  for (const [name, spelling] of [
    ['strasse', 'straße'],
    ['aether', 'æther'],
    ['bjorn', 'bjørn'],
    ['will', 'wiŀł'],
  ] as const)
    it(`count together where a letter has another form: ${name} and ${spelling}`, async () => {
      const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 1 });
      await attempts.begin({ account: name, address });
      expect(await isRefused(attempts, spelling)).to.equal(true);
    });

  it('do not count together with other names', async () => {
    const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 1 });
    await attempts.begin({ account: 'admin', address });
    expect(await isRefused(attempts, 'admit')).to.equal(false);
  });
});

import { BlockList } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { Networks, isNetwork } from '../../../src/core/http/networks';

describe('Networks', () => {
  for (const [network, address, isIn] of [
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.1', '::ffff:10.0.0.1', true],
    ['10.0.0.1', '::FFFF:A00:1', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '::10.0.0.1', false],
    ['10.0.0.1', '64:ff9b::10.0.0.1', false],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.1.2.3/8', '10.255.255.255', true],
    ['10.0.0.0/31', '10.0.0.1', true],
    ['10.0.0.0/31', '10.0.0.2', false],
    ['10.0.0.0/32', '10.0.0.0', true],
    ['0.0.0.0/1', '127.0.0.1', true],
    ['0.0.0.0/1', '128.0.0.1', false],
    ['0.0.0.0/1', '::1', false],
    ['fd00::/8', 'fd12:3456::1', true],
    ['fd00::/8', 'fe00::1', false],
    ['fd00::1', 'FD00:0:0::0001', true],
    ['fd00::1', 'fd00::1%eth0', false],
    ['::/1', '10.0.0.1', false],
    ['::/80', '::ffff:10.0.0.1', false],
    ['::/1', '1234::1', true],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['::ffff:10.0.0.0/104', '11.9.9.9', false],
    ['::ffff:0:0/97', '203.0.113.9', false],
    ['::ffff:0:0/97', '103.0.113.9', true],
    ['10.0.0.1', '10.0.0.1:443', false],
    ['10.0.0.1', '', false],
    ['10.0.0.1', 'localhost', false],
    ['10.0.0.1', undefined, false],
  ] as const)
    it(`${network} ${isIn ? 'contains' : 'does not contain'} ${String(address)}`, () => {
      expect(isNetwork(network)).to.equal(true);
      expect(new Networks([network]).includes(address)).to.equal(isIn);
      expect(new Networks(['192.0.2.1', network]).includes(address)).to.equal(isIn);
    });

  for (const text of [
    '',
    '/8',
    '10.0.0.0/0',
    '::/0',
    '::ffff:0:0/0',
    '::ffff:0:0/96',
    '::ffff:10.0.0.1/96',
    '::ffff:10.0.0.1/90',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/255.0.0.0',
    '10.0.0',
    '010.0.0.1',
    '10.0.0.1.',
    '0x0a000001',
    '167772161',
    'fe80::1%eth0',
    '[::1]',
    'localhost',
    ' 10.0.0.1',
    '10.0.0.1\n',
    '10.0.0.1/32\n',
    '１0.0.0.1',
    '10.0.0.0/８',
  ])
    it(`${JSON.stringify(text)} is no network, and contains nothing`, () => {
      expect(isNetwork(text)).to.equal(false);
      expect(new Networks([text]).includes('10.0.0.1')).to.equal(false);
    });

  it('contain what the lists of node:net contain, for any address and network of one family', () => {
    const v4 = fc.tuple(fc.ipV4(), fc.ipV4(), fc.integer({ min: 1, max: 32 })).map(all => [...all, 'ipv4'] as const);
    const v6 = fc.tuple(fc.ipV6(), fc.ipV6(), fc.integer({ min: 1, max: 128 })).map(all => [...all, 'ipv6'] as const);
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.boolean(), ([base, other, length, family], isSame) => {
        const [network, address] = [`${base}/${length}`, isSame ? base : other];
        fc.pre(isNetwork(network) && !/^[:0]*:ffff:/i.test(address));
        const list = new BlockList();
        list.addSubnet(base, length, family);
        expect(new Networks([network]).includes(address)).to.equal(list.check(address, family));
      }),
      { numRuns: 1000 },
    );
  });

  it('throws for no text, and contains an address in any spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), fc.string(), (text, other) => {
        expect(new Networks([text]).includes(text)).to.equal(isNetwork(text) && !text.includes('/'));
        expect(new Networks([other]).includes(text)).to.be.a('boolean');
      }),
      { numRuns: 1000 },
    );
  });
});

/** What every store of the microservice keeps to. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { RefreshFamily, Rotation, StoredSigningKey } from '../../../src/microservice';
import { needsServer, storeAt, type OpenStore, type StorePlace } from './places';

const issuer = 'https://auth.example.com';
// Redis counts by its own clock from the moment of the command: the times only have to agree with each other.
const now = Date.UTC(2025, 0, 1);

/** Returns a family that lives for ten minutes. */
export function family(members: Partial<RefreshFamily> = {}): RefreshFamily {
  return {
    handle: randomUUID(),
    id: randomUUID(),
    issuer,
    clientId: 'web',
    userId: 'ged',
    jkt: null,
    current: 'hash-0',
    previous: null,
    generation: 0,
    signedInAt: now,
    rotatedAt: now,
    idleUntil: now + 60_000,
    expiresAt: now + 600_000,
    ...members,
  };
}

function rotation({ handle }: RefreshFamily, members: Partial<Rotation> = {}): Rotation {
  return { handle, from: 'hash-0', generation: 0, to: 'hash-1', at: now + 5, idleUntil: now + 61_000, ...members };
}

function signingKey(members: Partial<StoredSigningKey> = {}): StoredSigningKey {
  return {
    issuer,
    generation: 1,
    kid: randomUUID(),
    alg: 'ES256',
    sealedJwk: 'a.b.c',
    createdAt: now,
    activeFrom: now + 1,
    ...members,
  };
}

/** Registers the tests of a store. */
export function storeContract(place: StorePlace): void {
  describe(`the store in ${place.name}`, function () {
    this.timeout(30_000);
    let open: OpenStore;
    let store: OpenStore['store'];

    needsServer(place);
    beforeEach(async () => {
      open = await place.open();
      store = open.store;
    });
    afterEach(async () => {
      await open.remove();
    });

    it('gives back a family as it was added, with a key and without', async () => {
      const families = [family(), family({ jkt: 'thumbprint', previous: 'hash', generation: 7, clientId: 'a:"b' })];
      for (const one of families) await store.addFamily(one);
      for (const one of families) expect(await store.findFamily(one.handle)).to.deep.equal(one);
    });

    it('finds no family that is not there', async () => {
      expect(await store.findFamily('nobody')).to.equal(undefined);
    });

    it('rotates from the current hash and generation', async () => {
      const one = family();
      await store.addFamily(one);
      expect(await store.rotateFamily(rotation(one))).to.equal(true);
      const changed = { current: 'hash-1', previous: 'hash-0', generation: 1, rotatedAt: now + 5 };
      expect(await store.findFamily(one.handle)).to.deep.equal({ ...one, ...changed, idleUntil: now + 61_000 });
    });

    for (const [what, members] of [
      ['another hash', { from: 'hash-9' }],
      ['another generation', { generation: 1 }],
      ['another family', { handle: 'nobody' }],
    ] as const)
      it(`rotates nothing from ${what}`, async () => {
        const one = family();
        await store.addFamily(one);
        expect(await store.rotateFamily(rotation(one, members))).to.equal(false);
        expect(await store.findFamily(one.handle)).to.deep.equal(one);
        expect(await store.findFamily('nobody')).to.equal(undefined);
      });

    it('lets one of many rotations at once through', async () => {
      const one = family();
      await store.addFamily(one);
      const tries = Array.from({ length: 20 }, (_, index) => rotation(one, { to: `next-${index}` }));
      const won = await Promise.all(tries.map(each => store.rotateFamily(each)));
      expect(won.filter(Boolean)).to.have.length(1);
      const rotated = await store.findFamily(one.handle);
      expect(rotated).to.include({ current: `next-${won.indexOf(true)}`, previous: 'hash-0', generation: 1 });
    });

    it('removes a family once, and does not let it be rotated any more', async () => {
      const one = family();
      await store.addFamily(one);
      const removed = await Promise.all([store.removeFamily(one.handle), store.removeFamily(one.handle)]);
      expect(removed.sort()).to.deep.equal([false, true]);
      expect(await store.rotateFamily(rotation(one))).to.equal(false);
      expect(await store.findFamily(one.handle)).to.equal(undefined);
      expect(await store.removeFamily(one.handle)).to.equal(false);
    });

    it("lists a user's families, and nobody else's", async () => {
      const [first, second] = [family(), family({ signedInAt: now + 1 })];
      const others = [family({ userId: 'tenar' }), family({ issuer: 'https://other.example.com' })];
      for (const one of [first, second, ...others]) await store.addFamily(one);
      const handles = (await store.familiesOf(issuer, 'ged')).map(({ handle }) => handle);
      expect(handles).to.have.members([first.handle, second.handle]);
      await store.removeFamily(first.handle);
      expect(await store.familiesOf(issuer, 'ged')).to.deep.equal([second]);
      expect(await store.familiesOf(issuer, 'nobody')).to.deep.equal([]);
    });

    it('forgets what has expired, by idleness and by age, and keeps the rest', async () => {
      const idle = family({ idleUntil: now + 1000 });
      const old = family({ expiresAt: now + 1000 });
      const live = family();
      for (const one of [idle, old, live]) await store.addFamily(one);
      // Redis does this by itself, by its own clock.
      if (place.server !== 'redis') expect(await store.removeExpired(now + 1000)).to.equal(2);
      else expect(await store.removeExpired(now + 1000)).to.equal(0);
      expect(await store.findFamily(live.handle)).to.deep.equal(live);
      if (place.server !== 'redis')
        expect([await store.findFamily(idle.handle), await store.findFamily(old.handle)]).to.deep.equal([
          undefined,
          undefined,
        ]);
    });

    it('takes times with a fraction of a millisecond, and forgets nothing too early', async () => {
      const one = family({
        signedInAt: now + 0.25,
        rotatedAt: now + 0.25,
        idleUntil: now + 60_000.25,
        expiresAt: now + 90_000.5,
      });
      await store.addFamily(one);
      expect(await store.rotateFamily(rotation(one, { at: now + 0.75, idleUntil: now + 60_000.75 }))).to.equal(true);
      expect(await store.addSigningKey(signingKey({ createdAt: now + 0.5, activeFrom: now + 0.5 }))).to.equal(true);
      expect(await store.useOnce('proof', now + 60_000.5, now + 0.5)).to.equal(true);
      await store.removeExpired(now + 60_000.25);
      expect(await store.useOnce('proof', now + 90_000.5, now + 60_000.25)).to.equal(false);
      const found = await store.findFamily(one.handle);
      expect(found?.idleUntil).to.be.within(now + 60_000.75, now + 60_001);
      const [key] = await store.signingKeys(issuer);
      expect(key?.activeFrom).to.be.within(now, now + 0.5);
    });

    it('adds one signing key a generation and issuer', async () => {
      const [first, second] = [signingKey(), signingKey({ generation: 2 })];
      const foreign = signingKey({ issuer: 'https://other.example.com' });
      for (const key of [first, second, foreign]) expect(await store.addSigningKey(key)).to.equal(true);
      expect(await store.addSigningKey(signingKey())).to.equal(false);
      const byGeneration = [...(await store.signingKeys(issuer))].sort((a, b) => a.generation - b.generation);
      expect(byGeneration).to.deep.equal([first, second]);
      await store.removeSigningKey(issuer, 1);
      expect(await store.signingKeys(issuer)).to.deep.equal([second]);
      expect(await store.signingKeys(foreign.issuer)).to.deep.equal([foreign]);
    });

    it('lets one of many processes add a generation', async () => {
      const keys = Array.from({ length: 8 }, () => signingKey());
      const added = await Promise.all(keys.map(key => store.addSigningKey(key)));
      expect(added.filter(Boolean)).to.have.length(1);
      expect(await store.signingKeys(issuer)).to.deep.equal([keys[added.indexOf(true)]]);
    });

    it('lets something be used once', async () => {
      const used = await Promise.all(Array.from({ length: 8 }, () => store.useOnce('proof', now + 60_000, now)));
      expect(used.filter(Boolean)).to.have.length(1);
      expect(await store.useOnce('proof', now + 60_000, now + 1)).to.equal(false);
      expect(await store.useOnce('another', now + 60_000, now)).to.equal(true);
    });

    it('lets nothing be used again that it still remembers, whatever the time is', async () => {
      expect(await store.useOnce('proof', now + 60_000, now)).to.equal(true);
      for (const later of [60_000, 60_001, 86_400_000])
        expect(await store.useOnce('proof', now + later + 60_000, now + later)).to.equal(false);
    });

    it('keeps everything for another process, and after a close', async function () {
      if (open.address === undefined) return this.skip();
      const one = family();
      await store.addFamily(one);
      await store.addSigningKey(signingKey());
      const { store: other, close } = await storeAt(open.address);
      expect(await other.findFamily(one.handle)).to.deep.equal(one);
      expect(await other.signingKeys(issuer)).to.have.length(1);
      expect(await other.useOnce('proof', now + 60_000, now)).to.equal(true);
      expect(await store.useOnce('proof', now + 60_000, now)).to.equal(false);
      await close();
    });
  });
}

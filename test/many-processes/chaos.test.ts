/** The chaos finds what is wrong: each kind of fault that is planted in the code. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { missingServers } from '../chaos/missing-servers';
import { plants, type Plant } from '../chaos/orders';
import { RedisUnderSentinel } from '../chaos/own-redis';
import { leaveOut } from './service';
import { sampled } from '../sampled';

const script = resolve(__dirname, '../../../test/chaos.mjs');

/** A fault of an engine that shows it within seconds, and the finding. */
const expected: Readonly<Record<Plant, readonly [only: string, found: RegExp]>> = {
  'forgetful-denylist': ['connections end', /FOUND .*a revoked access token was accepted/],
  'forgetful-store': ['connections end', /FOUND .*a session was lost/],
  'server-error': ['connections end', /FOUND .*500/],
  'no-retry-after': ['READONLY', /FOUND .*503 without Retry-After/],
};

describe('the chaos', function () {
  this.timeout(120_000);

  before(async function () {
    const [missing] = await missingServers();
    if (missing !== undefined) leaveOut(this, missing.name, `${missing.name} is missing: ${missing.reason}`);
  });

  for (const plant of sampled(plants))
    it(`finds the planted fault ${plant}, and fails`, () => {
      const [only, found] = expected[plant];
      const options = ['--minutes', '0.1', '--seed', plant, '--plant', plant, '--only', only];
      const { status, stdout } = spawnSync(process.execPath, [script, ...options], { encoding: 'utf8' });
      expect(stdout).to.match(found);
      expect(status).to.equal(1);
    });

  for (const what of sampled(['a fail-over that no fault asked for, and of no other']))
    it(`hears of ${what}`, async () => {
      const pair = await RedisUnderSentinel.start();
      const heard: Promise<void>[] = [];
      pair.onStrayFailOver = ended => heard.push(ended);
      try {
        const master = await pair.master();
        master.stop();
        await pair.untilMasterIsNot(master.port);
        master.goOn();
        await heard[0];
        expect(heard).to.have.length(1);
        await pair.untilReplicated();
        await pair.switchOver();
        expect(heard).to.have.length(1);
      } finally {
        await pair.close();
      }
    });
});

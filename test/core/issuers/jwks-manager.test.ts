import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import { fetchJson, FetchFailure } from '../../../src/core/http/bounded-fetch';
import { TimeIsUp } from '../../../src/core/time/deadline';
import { APIException, InvalidToken, ServiceUnavailable } from '../../../src/core/http/exceptions';
import { JwksManager, type IssuerStatus, type VerificationKey } from '../../../src/core/issuers/jwks-manager';
import { defineSettings } from '../../../src/core/settings/define-settings';
import type { SettingsInput } from '../../../src/core/settings/settings';
import { globalTimers } from '../../../src/core/time/timers';
import { eventually, FakeTime } from '../../issuer/fake-time';
import { RecordingLogger } from '../../issuer/recording-logger';
import {
  down,
  keysPath,
  makeKey,
  oauthPath,
  oidcPath,
  ok,
  ScriptedIssuer,
  type Jwk,
  type Mode,
} from '../../issuer/scripted-issuer';

// A = 600 s, A + S = 1800 s, C = 30 s, F = 1 s doubling to 60 s; all of it passes on a fake clock.
const refreshInterval = 600;
const cacheTtl = 1800;
const cooldown = 30;
const longestRetry = 60;

describe('JwksManager', () => {
  let issuer: ScriptedIssuer;
  let time: FakeTime;
  let logger: RecordingLogger;
  let manager: JwksManager;
  let isMeantToHeal: boolean;
  let unhandled = 0;
  const onUnhandled = (): void => {
    unhandled++;
  };
  const madeManagers: JwksManager[] = [];

  before(() => process.on('unhandledRejection', onUnhandled));
  after(() => process.off('unhandledRejection', onUnhandled));

  beforeEach(async () => {
    issuer = await ScriptedIssuer.start();
    time = new FakeTime();
    logger = new RecordingLogger();
    manager = make();
    isMeantToHeal = true;
  });

  afterEach(async () => {
    try {
      if (isMeantToHeal) await expectHealing();
    } finally {
      for (const made of madeManagers.splice(0)) made.close();
      await issuer.close();
    }
    expect(unhandled, 'unhandled rejections').to.equal(0);
    expect(issuer.mostAtOnce, 'requests at once to one path').to.be.at.most(1);
    expect(logger.text(), 'the log').not.to.contain('secret-marker');
  });

  function make(input: SettingsInput = {}): JwksManager {
    const settings = defineSettings({
      audience: 'api',
      issuerUrl: issuer.url,
      jwksRefreshInterval: refreshInterval,
      jwksCacheTtl: cacheTtl,
      logger,
      ...input,
    });
    const made = new JwksManager(settings);
    Object.assign(made, { clock: time.clock, timers: time.timers, random: () => 0.5 });
    madeManagers.push(made);
    return made;
  }

  function status(): IssuerStatus {
    return manager.status()[0]!;
  }

  function get(kid: string): Promise<VerificationKey> {
    return manager.getKey({ alg: 'ES256', kid });
  }

  /** 200 where there is a key, else the status of the refusal. */
  async function ask(kid: string): Promise<number> {
    try {
      await get(kid);
      return 200;
    } catch (error) {
      if (error instanceof APIException) return error.httpCode;
      throw error;
    }
  }

  // What a token meets whose signature failed under this key.
  async function newerThan(key: VerificationKey): Promise<VerificationKey | undefined> {
    return manager.keysOf().getNewerKey({ alg: 'ES256', kid: key.kid }, key);
  }

  async function askMany(count: number, kid: (index: number) => string): Promise<number[]> {
    return [...new Set(await Promise.all(Array.from({ length: count }, (_, index) => ask(kid(index)))))];
  }

  async function askOneByOne(count: number, kid: (index: number) => string): Promise<number[]> {
    const seen = new Set<number>();
    for (let index = 0; index < count; index++) seen.add(await ask(kid(index)));
    return [...seen];
  }

  function randomKid(): string {
    return `random-${Math.random()}`;
  }

  async function refuse(attempt: Promise<unknown>): Promise<APIException> {
    const error = await attempt.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(APIException);
    return error as APIException;
  }

  async function refreshFails(): Promise<void> {
    expect(await refuse(manager.refresh())).to.be.instanceOf(ServiceUnavailable);
  }

  async function causeOf(attempt: Promise<unknown>): Promise<string> {
    const error = await refuse(attempt);
    expect(error).to.be.instanceOf(ServiceUnavailable);
    expect(error.message).to.equal('The keys of the issuer cannot be fetched at the moment');
    return (error.cause as { kind: string }).kind;
  }

  // Long enough for a fetch that nobody waits for to arrive.
  async function realTurns(milliseconds = 20): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, milliseconds));
  }

  // The first shared assertion: the component heals by itself.
  async function expectHealing(): Promise<void> {
    issuer.keysMode = issuer.metadataMode = ok;
    issuer.metadata = {};
    issuer.modes.clear();
    issuer.keys = [makeKey('healed').jwk];
    issuer.etag = undefined;
    const end = time.now + 2 * longestRetry * 1000;
    let answer = 0;
    // The first step ends a fetch that hangs; the others are shorter than the timeout, so that they end none.
    for (let step = 5; time.now < end && answer !== 200; step = 4) {
      time.advance(step);
      await realTurns(2);
      answer = await ask('healed');
    }
    expect(answer, 'after the issuer is back').to.equal(200);
  }

  it('S1: a cold start asks once, however many wait', async () => {
    issuer.keysMode = { is: 'slow', delay: 100 };
    expect(await askMany(500, () => 'k1')).to.deep.equal([200]);
    expect(issuer.count()).to.equal(1);
    expect(issuer.count(oidcPath)).to.equal(1);
  });

  it('S2: fresh keys are not fetched', async () => {
    await ask('k1');
    time.advance(refreshInterval - 1);
    expect(await askMany(300, () => 'k1')).to.deep.equal([200]);
    await realTurns();
    expect(issuer.count()).to.equal(1);
  });

  it('S3: random kids inside the cooldown cause one fetch', async () => {
    await ask('k1');
    expect(await askOneByOne(250, randomKid)).to.deep.equal([401]);
    expect(await askMany(250, randomKid)).to.deep.equal([401]);
    expect(await ask('k1')).to.equal(200);
    expect(issuer.count()).to.equal(2);
  });

  it('S3: the refusal says why, and not which kid', async () => {
    const error = await refuse(get('k-unknown'));
    expect(error).to.be.instanceOf(InvalidToken);
    expect(error.message).to.equal('The access token is signed with an unknown key');
  });

  it('S3b: random kids after the cooldown cause one fetch', async () => {
    await ask('k1');
    await ask('random');
    time.advance(cooldown);
    expect(await askMany(500, randomKid)).to.deep.equal([401]);
    expect(issuer.count()).to.equal(3);
  });

  it('S3c: a sustained flood of 10 000 kids causes one fetch a cooldown', async () => {
    await ask('k1');
    const seconds = 3.2 * cooldown;
    for (let step = 0; step < 100; step++) {
      expect(await askMany(100, randomKid)).to.deep.equal([401]);
      time.advance(seconds / 100);
    }
    expect(issuer.count() - 1).to.be.within(4, 1 + Math.floor(seconds / cooldown) + 1);
  });

  it('S3d: a flood while refreshes fail causes one fetch a back-off', async () => {
    await ask('k1');
    issuer.keysMode = down;
    expect(await askOneByOne(100, randomKid)).to.deep.equal([503]);
    expect(issuer.count()).to.equal(2);
    time.advance(1.25);
    expect(await askOneByOne(100, randomKid)).to.deep.equal([503]);
    expect(issuer.count()).to.equal(3);
  });

  it('S3d: a refusal says how long the back-off still lasts', async () => {
    await ask('k1');
    issuer.keysMode = down;
    await ask('random');
    time.advance(1.25);
    await ask('random');
    time.advance(0.25);
    // The second step: 2 s, shortened by a quarter at a random of 0.5.
    const error = await refuse(get('random'));
    expect(error).to.include({ retryAfter: 1.25 });
    expect(error.headers).to.deep.equal({ 'Retry-After': '2' });
  });

  it('S4: an outage does not touch fresh keys', async () => {
    await ask('k1');
    for (const mode of [down, { is: 'drop' }] as Mode[]) {
      issuer.keysMode = mode;
      expect(await askMany(20, () => 'k1')).to.deep.equal([200]);
    }
    await realTurns();
    expect(issuer.count()).to.equal(1);
  });

  it('S5: in an outage the last good keys serve until the cache ends, one fetch a back-off', async () => {
    await ask('k1');
    issuer.keysMode = down;
    time.advance(refreshInterval + 1);
    expect(await askOneByOne(20, () => 'k1')).to.deep.equal([200]);
    await eventually(() => status().lastError !== null);
    expect(await askOneByOne(20, () => 'k1')).to.deep.equal([200]);
    await realTurns();
    expect(issuer.count()).to.equal(2);
    time.advance(cacheTtl - refreshInterval - 2);
    expect(await ask('k1')).to.equal(200);
    await eventually(() => issuer.count() === 3);
  });

  it('S5b: beyond the cache time the keys of an issuer that is down are not used', async () => {
    const key = await get('k1');
    issuer.keysMode = down;
    time.advance(cacheTtl);
    expect(await askMany(20, () => 'k1')).to.deep.equal([503]);
    expect(manager.isCurrent(key)).to.be.false;
    expect(issuer.count()).to.equal(2);
  });

  it('S6: a cold start during an outage answers 503, one fetch a back-off', async () => {
    issuer.keysMode = down;
    await manager.start();
    expect(await askOneByOne(50, () => 'k1')).to.deep.equal([503]);
    expect(issuer.count()).to.equal(1);
    expect(logger.text('error')).to.contain('answers with status 500');
  });

  it('S6b: the first request after the back-off succeeds', async () => {
    issuer.keysMode = down;
    await ask('k1');
    issuer.keysMode = ok;
    time.advance(1.25);
    expect(await ask('k1')).to.equal(200);
    expect(logger.text('info')).to.contain('can be fetched again');
  });

  it('S6b: the background refresh retries by itself, ever more slowly', async () => {
    issuer.keysMode = down;
    await manager.start();
    const gaps: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      const gap = (status().nextRefresh! - time.now) / 1000;
      gaps.push(gap);
      time.advance(gap);
      await eventually(() => issuer.count() === attempt + 2 && status().nextRefresh! > time.now);
    }
    expect(gaps).to.deep.equal([1.25, 1.5, 3, 6, 12, 24, 45, 45, 45]);
  });

  it('S6b: after the recovery cooldown and back-off begin anew', async () => {
    issuer.keysMode = down;
    await refreshFails();
    await refreshFails();
    issuer.keysMode = ok;
    await manager.refresh();
    expect(await askOneByOne(20, randomKid)).to.deep.equal([401]);
    expect(issuer.count()).to.equal(4);
    issuer.keysMode = down;
    expect(await refuse(manager.refresh())).to.include({ retryAfter: 1.25 });
  });

  it('S6c: a closed port is 503, and its cause is for the log', async () => {
    isMeantToHeal = false;
    await issuer.close();
    expect(await causeOf(get('k1'))).to.equal('network');
    expect(logger.text('error')).to.contain('ECONNREFUSED');
  });

  it('S6c: a name that does not resolve is 503', async () => {
    const realFetch = manager.fetch;
    const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    manager.fetch = () => Promise.reject(new TypeError('fetch failed', { cause: notFound }));
    expect(await causeOf(get('k1'))).to.equal('network');
    expect(logger.text('error')).to.contain('ENOTFOUND');
    manager.fetch = realFetch;
  });

  it('S7: a new key is found by the first request that names it', async () => {
    await ask('k1');
    issuer.keys.push(makeKey('k2').jwk);
    expect(await ask('k2')).to.equal(200);
    expect(issuer.count()).to.equal(2);
  });

  it('S7: keys that stay keep their object', async () => {
    const key = await get('k1');
    issuer.keys.unshift(makeKey('k2').jwk);
    await ask('k2');
    expect(await get('k1')).to.equal(key);
    expect(manager.isCurrent(key)).to.be.true;
  });

  it('S7b: a new key is found within the cooldown while random kids flood', async () => {
    await ask('k1');
    await askMany(100, randomKid);
    issuer.keys.push(makeKey('k2').jwk);
    expect(await ask('k2')).to.equal(401);
    time.advance(cooldown);
    expect(await Promise.all([ask('random'), ask('k2')])).to.deep.equal([401, 200]);
  });

  it('S8: a removed key stops with the refresh that drops it', async () => {
    const key = await get('k1');
    issuer.keys = [makeKey('k2').jwk];
    expect(await ask('k1')).to.equal(200);
    expect(await ask('k2')).to.equal(200);
    expect(await ask('k1')).to.equal(401);
    expect(manager.isCurrent(key)).to.be.false;
  });

  it('S8: a removed key stops after the refresh interval, asked for or not', async () => {
    const key = await get('k1');
    issuer.keys = [makeKey('k2').jwk];
    time.advance(refreshInterval);
    expect(manager.isCurrent(key)).to.be.true;
    await eventually(() => !manager.isCurrent(key));
    expect(await ask('k1')).to.equal(401);
  });

  it('S8b: a key replaced under its kid is another key', async () => {
    const key = await get('k1');
    issuer.keys = [makeKey('k1').jwk];
    await manager.refresh();
    expect(manager.isCurrent(key)).to.be.false;
    expect((await get('k1')).keyObject.equals(key.keyObject)).to.be.false;
  });

  for (const mode of [{ is: 'slow', delay: 3000 }, { is: 'hang' }, { is: 'drip' }] as Mode[]) {
    it(`S9: a cold start with a ${mode.is} issuer answers 503 within the timeout`, async () => {
      issuer.keysMode = mode;
      manager = make({ jwksTimeout: 0.15 });
      manager.timers = globalTimers;
      expect(await askMany(100, () => 'k1')).to.deep.equal([503]);
      expect(issuer.count()).to.equal(1);
      expect(logger.text('error')).to.contain('"kind":"timeout"');
      await eventually(() => issuer.openRequests === 0);
    });
  }

  const slow = (delay: number): Mode => ({ is: 'slow', delay });
  const slowPaths: [string, Record<string, Mode>][] = [
    ['hangs', { [oidcPath]: { is: 'hang' } }],
    ['hangs at its second place', { [oidcPath]: { is: 'status', status: 404 }, [oauthPath]: { is: 'hang' } }],
    ['and keys are slow, each within the timeout', { [oidcPath]: slow(100), [keysPath]: slow(100) }],
  ];
  for (const [title, modes] of slowPaths) {
    it(`S9: a cold start where discovery ${title} answers 503 within the one timeout`, async () => {
      for (const [path, mode] of Object.entries(modes)) issuer.modes.set(path, mode);
      manager = make({ jwksTimeout: 0.15 });
      manager.timers = globalTimers;
      expect(await askMany(100, () => 'k1')).to.deep.equal([503]);
      expect(issuer.count()).to.be.at.most(1);
      expect(logger.text('error')).to.contain('"kind":"timeout"');
      await eventually(() => issuer.openRequests === 0);
    });
  }

  it('S9: a repeated discovery that hangs leaves the keys their time', async () => {
    await ask('k1');
    issuer.metadataMode = { is: 'hang' };
    issuer.keys.push(makeKey('k2').jwk);
    time.advance(25 * 60 * 60);
    const asked = ask('k2');
    await eventually(() => issuer.openRequests === 1);
    time.advance(2.5);
    expect(await asked).to.equal(200);
    expect(issuer.count()).to.equal(2);
  });

  it('S9: a fetch is not begun when the time is up', async () => {
    const closed = new AbortController();
    closed.abort(new TimeIsUp(5));
    let asked = 0;
    const fetch = (): Promise<Response> => Promise.reject(new Error(`asked ${++asked} times`));
    const failure = await fetchJson(issuer.url, { fetch, signal: closed.signal }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(FetchFailure).and.include({ kind: 'timeout' });
    expect(asked).to.equal(0);
  });

  it('S9: a failure does not tell the query of a URL, which may be a secret', async () => {
    issuer.keysMode = down;
    issuer.modes.set(`${keysPath}?code=secret-marker`, down);
    manager = make({ jwksUrl: `${issuer.jwksUrl}?code=secret-marker` });
    await refreshFails();
    expect(status().lastError).to.equal(`${issuer.jwksUrl}: answers with status 500`);
    isMeantToHeal = false;
  });

  it('S9: a fetch that does not listen to its signal ends in time, too', async () => {
    const realFetch = manager.fetch;
    manager.fetch = () => new Promise(() => undefined);
    const asked = causeOf(get('k1'));
    time.advance(5);
    expect(await asked).to.equal('timeout');
    manager.fetch = realFetch;
  });

  it('S10: a slow refresh keeps nobody waiting', async () => {
    await ask('k1');
    issuer.keysMode = { is: 'hang' };
    time.advance(refreshInterval + 1);
    // The refresh hangs until the clock of the test goes on: an answer that waited for it would never come.
    expect(await askMany(50, () => 'k1')).to.deep.equal([200]);
    await eventually(() => issuer.count() === 2);
    expect(await askMany(50, () => 'k1')).to.deep.equal([200]);
    await realTurns();
    expect(issuer.count()).to.equal(2);
  });

  for (const path of [keysPath, oidcPath]) {
    for (const redirect of [301, 302, 303, 307, 308]) {
      it(`S11: ${path} that redirects (${redirect}) is not followed`, async () => {
        issuer.modes.set(path, { is: 'redirect', status: redirect });
        expect(await causeOf(get('k1'))).to.equal('redirect');
        expect(issuer.count('/elsewhere')).to.equal(0);
      });
    }
  }

  for (const mebibytes of [2, 4, 32]) {
    for (const chunked of [true, false]) {
      it(`S12: a body of ${mebibytes} MiB ${chunked ? 'in chunks' : 'of known length'} is refused`, async () => {
        issuer.keysMode = { is: 'oversized', bytes: mebibytes * 1024 * 1024, chunked };
        expect(await causeOf(get('k1'))).to.equal('size');
        await eventually(() => issuer.openRequests === 0);
        expect(issuer.bytesSent).to.be.below(16 * 1024 * 1024);
      });
    }
  }

  it('S12: a body that announces its size is refused before it comes', async () => {
    const realFetch = manager.fetch;
    manager.fetch = () =>
      Promise.resolve(new Response(new ReadableStream(), { headers: { 'Content-Length': String(512 * 1024 + 1) } }));
    expect(await causeOf(get('k1'))).to.equal('size');
    manager.fetch = realFetch;
  });

  const several = (count: number) => {
    const { jwk } = makeKey('k1');
    return Array.from({ length: count }, (_, index) => ({ ...jwk, kid: `k${index}` }));
  };

  for (const count of [100, 200])
    it(`S12: ${count} keys are fine`, async () => {
      issuer.keys = several(count);
      expect(await askMany(count, index => `k${index}`)).to.deep.equal([200]);
    });

  for (const [title, keys] of [
    ['201 keys', () => several(201)],
    ['2,000 keys', () => several(2000)],
    [
      '201 keys of which 200 are for encryption',
      () => several(201).map((key, index) => ({ ...key, use: index > 0 ? 'enc' : 'sig' })),
    ],
  ] as const) {
    it(`refuses ${title}: a cold issuer is 503`, async () => {
      issuer.keys = keys();
      expect(await causeOf(get('k0'))).to.equal('size');
      expect(status().lastError).to.match(/the JWK Set has \d+ keys; at most 200 are accepted$/);
      issuer.keys = several(2);
    });

    it(`refuses ${title}: the last good keys stay`, async () => {
      issuer.keys = several(200);
      const key = await get('k0');
      issuer.keys = keys();
      await refreshFails();
      expect(await get('k0')).to.equal(key);
      expect(logger.text('warn')).to.contain('at most 200 are accepted');
      issuer.keys = several(2);
    });
  }

  const brokenModes: [Mode, string][] = [
    [{ is: 'invalid-json' }, 'parse'],
    [{ is: 'html' }, 'parse'],
    [{ is: 'not-a-jwks' }, 'parse'],
    [{ is: 'document', document: { keys: {} } }, 'parse'],
    [{ is: 'document', document: null }, 'parse'],
    [{ is: 'drop' }, 'network'],
    [{ is: 'status', status: 304 }, 'status'],
    [{ is: 'status', status: 204 }, 'status'],
    [{ is: 'empty-keys' }, 'content'],
    [{ is: 'document', document: { keys: [{ kty: 'oct', kid: 'k1', k: 'secret-marker' }] } }, 'content'],
  ];
  for (const [mode, kind] of brokenModes) {
    it(`S13: ${JSON.stringify(mode)} over good keys is a failed refresh`, async () => {
      const key = await get('k1');
      issuer.keysMode = mode;
      await refreshFails();
      expect(await get('k1')).to.equal(key);
      expect(await ask('random')).to.equal(503);
      expect(issuer.count()).to.equal(2);
      expect(logger.text('warn', 'error')).to.contain(`"kind":"${kind}"`);
      expect(JSON.stringify(status())).not.to.contain('secret-marker');
    });
  }

  for (const mode of [{ is: 'not-a-jwks' }, { is: 'html' }, { is: 'drop' }] as Mode[]) {
    it(`S13: ${mode.is} on a cold cache is 503`, async () => {
      issuer.keysMode = mode;
      expect(await ask('k1')).to.equal(503);
    });
  }

  it('S13b: an empty key set over good keys is logged loudly', async () => {
    await ask('k1');
    issuer.keysMode = { is: 'empty-keys' };
    await refreshFails();
    expect(logger.text('error')).to.contain('no usable key');
    expect(await ask('k1')).to.equal(200);
  });

  const unusableSets: [string, unknown[]][] = [
    ['an empty key set', []],
    ['a set of symmetric keys', [{ kty: 'oct', kid: 'k1', k: 'secret-marker' }]],
    ['a set of keys for encryption', [makeKey('k1', { use: 'enc' }).jwk]],
    ['a set of keys without a kid', [{ ...makeKey('k1').jwk, kid: undefined }]],
    ['a set of things that are no keys', [null, 7, 'k1', {}]],
  ];
  for (const [title, keys] of unusableSets) {
    it(`S13b: ${title} on a cold cache is a failed fetch`, async () => {
      issuer.keysMode = { is: 'document', document: { keys } };
      const error = await refuse(get('k1'));
      expect(error).to.be.instanceOf(ServiceUnavailable).and.include({ retryAfter: 1.25 });
      expect(await askOneByOne(20, () => 'k1')).to.deep.equal([503]);
      expect(issuer.count()).to.equal(1);
      expect(status()).to.include({ stale: true, usable: false });
      issuer.keysMode = ok;
      time.advance(1.25);
      expect(await ask('k1')).to.equal(200);
    });

    it(`S13b: ${title} over keys that have run out is a failed fetch`, async () => {
      await ask('k1');
      issuer.keysMode = { is: 'document', document: { keys } };
      time.advance(cacheTtl);
      expect(await ask('k1')).to.equal(503);
    });
  }

  it('S14: a 304 keeps the keys and restarts their age', async () => {
    issuer.etag = '"v1"';
    const key = await get('k1');
    time.advance(refreshInterval + 1);
    await manager.refresh();
    expect(issuer.requests.at(-1)?.headers['if-none-match']).to.equal('"v1"');
    expect(status()).to.include({ lastSuccess: time.now, stale: false });
    time.advance(cacheTtl - 1);
    expect(await get('k1')).to.equal(key);
  });

  it('S14: the ETag of an answer that was refused is not used', async () => {
    issuer.etag = '"v1"';
    await ask('k1');
    issuer.etag = '"v2"';
    const { keys } = issuer;
    issuer.keys = [];
    await refreshFails();
    issuer.keys = keys;
    await manager.refresh();
    expect(issuer.requests.at(-1)?.headers['if-none-match']).to.equal('"v1"');
  });

  const lifetimes: [Record<string, string>, number][] = [
    [{ 'Cache-Control': 'max-age=3600' }, refreshInterval],
    [{ 'Cache-Control': 'public, max-age=120' }, 120],
    [{ 'Cache-Control': 'max-age=300', Age: '200' }, 100],
    [{ 'Cache-Control': 'max-age=0' }, 60],
    [{ 'Cache-Control': 'no-store' }, 60],
    [{ 'Cache-Control': 'no-cache' }, 60],
    [{ Expires: '0' }, 60],
    [{ Date: 'Wed, 01 Jan 2025 00:00:00 GMT', Expires: 'Wed, 01 Jan 2025 00:02:00 GMT' }, 120],
    [{ 'Cache-Control': 'max-age=200', Expires: '0' }, 200],
  ];
  for (const [headers, seconds] of lifetimes) {
    it(`S14: ${JSON.stringify(headers)} makes keys due after ${seconds} s`, async () => {
      issuer.keysMode = { is: 'ok', headers };
      await ask('k1');
      time.advance(seconds - 1);
      expect(status().stale).to.be.false;
      time.advance(1);
      expect(status().stale).to.be.true;
    });
  }

  it('S14: an interval below a minute is not made longer', async () => {
    manager = make({ jwksRefreshInterval: 10 });
    issuer.keysMode = { is: 'ok', headers: { 'Cache-Control': 'no-cache' } };
    await ask('k1');
    time.advance(10);
    expect(status().stale).to.be.true;
  });

  const badMetadata: [string, Record<string, unknown>][] = [
    ["the metadata names the issuer 'https://other.example'", { issuer: 'https://other.example' }],
    ['no jwks_uri', { jwks_uri: undefined }],
    ['no jwks_uri', { jwks_uri: ['https://auth.example/keys'] }],
    ["'http://auth.example/keys' is not an https: URL", { jwks_uri: 'http://auth.example/keys' }],
  ];
  for (const [reason, metadata] of badMetadata) {
    it(`S15: metadata is refused: ${reason}`, async () => {
      issuer.metadata = metadata;
      await manager.start();
      expect(await ask('k1')).to.equal(503);
      expect(logger.text('error')).to.contain(reason).and.to.contain(issuer.url);
      expect(issuer.count()).to.equal(0);
    });
  }

  it('S15: a later outage of discovery changes nothing', async () => {
    await ask('k1');
    issuer.metadataMode = down;
    time.advance(25 * 60 * 60);
    expect(await ask('k1')).to.equal(200);
    expect(issuer.count(oidcPath)).to.equal(2);
    await manager.refresh();
    expect(issuer.count(oidcPath)).to.equal(2);
    expect(logger.text('warn')).to.contain('its last known key URL is');
  });

  it('S15: discovery is repeated after a failed key fetch, and a changed jwks_uri is used', async () => {
    await ask('k1');
    issuer.keysMode = { is: 'status', status: 404 };
    issuer.metadata = { jwks_uri: `${issuer.url}/new-keys` };
    issuer.modes.set('/new-keys', ok);
    await refreshFails();
    expect(issuer.count(oidcPath)).to.equal(1);
    await manager.refresh();
    expect(issuer.count('/new-keys')).to.equal(1);
    expect(status().jwksUrl).to.equal(`${issuer.url}/new-keys`);
  });

  it('S15: an ETag is not sent to another URL', async () => {
    issuer.etag = '"v1"';
    await ask('k1');
    issuer.metadata = { jwks_uri: `${issuer.url}/new-keys` };
    issuer.modes.set('/new-keys', ok);
    time.advance(25 * 60 * 60);
    await manager.refresh();
    expect(issuer.requests.at(-1)).to.include({ path: '/new-keys' });
    expect(issuer.requests.at(-1)?.headers).not.to.have.property('if-none-match');
  });

  it('S15: a configured key URL needs no discovery', async () => {
    manager = make({ jwksUrl: issuer.jwksUrl });
    expect(await ask('k1')).to.equal(200);
    expect(issuer.count(oidcPath)).to.equal(0);
  });

  it('S15: without metadata the keys are at the usual place', async () => {
    issuer.metadataMode = { is: 'status', status: 404 };
    issuer.modes.set('/.well-known/jwks.json', ok);
    expect(await ask('k1')).to.equal(200);
    expect(status().jwksUrl).to.equal(`${issuer.url}/.well-known/jwks.json`);
  });

  it('S16: bad keys beside good ones are 401, and named in the log once', async () => {
    const { d } = makeKey('p').privateKey.export({ format: 'jwk' });
    issuer.keys.push(
      { ...makeKey('private').jwk, d },
      { ...makeKey('off-curve').jwk, x: makeKey('other').jwk['x'] },
      { kty: 'oct', kid: 'oct', k: 'secret-marker' },
    );
    expect(await ask('k1')).to.equal(200);
    expect(await askOneByOne(3, index => ['private', 'off-curve', 'oct'][index]!)).to.deep.equal([401]);
    await manager.refresh();
    expect(logger.entries.filter(({ level }) => level === 'warn')).to.have.lengthOf(1);
    expect(logger.text()).to.contain('off-curve').and.not.to.contain(d);
  });

  describe('S7 and S8: what a signature that fails may cause', () => {
    it('S8b: new material under a known kid is found by the request that met it', async () => {
      const old = await get('k1');
      issuer.keys = [makeKey('k1').jwk];
      const newer = await newerThan(old);
      expect(newer?.keyObject.equals(old.keyObject)).to.be.false;
      expect(manager.isCurrent(old)).to.be.false;
      expect(issuer.count()).to.equal(2);
    });

    it('S8b: all who wait are served by one fetch', async () => {
      const old = await get('k1');
      issuer.keys = [makeKey('k1').jwk];
      const found = await Promise.all(Array.from({ length: 500 }, () => newerThan(old)));
      expect(new Set(found).size).to.equal(1);
      expect(found[0]).not.to.equal(undefined);
      expect(issuer.count()).to.equal(2);
    });

    it('a flood of wrong signatures causes one fetch in two cooldowns', async () => {
      const key = await get('k1');
      for (let second = 0; second < 8 * cooldown; second++) {
        await Promise.all(Array.from({ length: 20 }, () => newerThan(key)));
        time.advance(1);
      }
      expect(issuer.count() - 1).to.equal(4);
    });

    it('a flood of wrong signatures does not delay a new key', async () => {
      const key = await get('k1');
      for (let index = 0; index < 100; index++) await newerThan(key);
      expect(issuer.count()).to.equal(2);
      issuer.keys.push(makeKey('k2').jwk);
      expect(await ask('k2')).to.equal(200);
      expect(issuer.count()).to.equal(3);
    });

    it('both floods together stay within the budget of unknown kids, and take no more than half for signatures', async () => {
      const key = await get('k1');
      let forSignatures = 0;
      for (let second = 0; second <= 20 * cooldown; second++) {
        const before = issuer.count();
        await newerThan(key);
        forSignatures += issuer.count() - before;
        await askMany(5, randomKid);
        time.advance(1);
      }
      expect(issuer.count() - 1).to.be.within(20, 22);
      expect(forSignatures).to.be.within(1, 10);
    });

    it('a flood of unknown kids leaves nothing for signatures, and brings the new material within the cooldown', async () => {
      const key = await get('k1');
      await askMany(10, randomKid);
      expect(await newerThan(key)).to.equal(undefined);
      issuer.keys = [makeKey('k1').jwk];
      time.advance(cooldown);
      await ask('random');
      expect(manager.isCurrent(key)).to.be.false;
      expect(issuer.count()).to.equal(3);
    });

    it('nothing is fetched during a back-off, and the key stays known', async () => {
      const key = await get('k1');
      issuer.keysMode = down;
      expect(await newerThan(key)).to.equal(undefined);
      for (let index = 0; index < 50; index++) expect(await newerThan(key)).to.equal(undefined);
      expect(issuer.count()).to.equal(2);
      time.advance(longestRetry);
      expect(await newerThan(key)).to.equal(undefined);
      expect(issuer.count()).to.equal(3);
      expect(await ask('k1')).to.equal(200);
    });

    it('a key that was removed meanwhile is no longer accepted', async () => {
      const key = await get('k1');
      issuer.keys = [makeKey('k2').jwk];
      expect(await newerThan(key)).to.equal(undefined);
      expect(await ask('k1')).to.equal(401);
    });
  });

  describe('S15: keys that moved while the old ones are still served', () => {
    const newPath = '/new-keys';

    function move(...keys: Jwk[]): void {
      issuer.metadata = { jwks_uri: `${issuer.url}${newPath}` };
      issuer.modes.set(newPath, { is: 'document', document: { keys } });
    }

    it('are found by the request that names a new key', async () => {
      await ask('k1');
      move(makeKey('k2').jwk);
      expect(await ask('k2')).to.equal(200);
      expect(status().jwksUrl).to.equal(`${issuer.url}${newPath}`);
      expect([issuer.count(), issuer.count(oidcPath), issuer.count(newPath)]).to.deep.equal([2, 2, 1]);
    });

    it('are found by a signature of new material under a known kid', async () => {
      const old = await get('k1');
      move(makeKey('k1').jwk);
      expect(await newerThan(old)).not.to.equal(undefined);
      expect(manager.isCurrent(old)).to.be.false;
    });

    it('are found by all who wait, with one discovery', async () => {
      await ask('k1');
      move(makeKey('k2').jwk);
      expect(await askMany(200, () => 'k2')).to.deep.equal([200]);
      expect([issuer.count(), issuer.count(oidcPath), issuer.count(newPath)]).to.deep.equal([2, 2, 1]);
    });

    it('are looked for once in ten cooldowns, however many unknown kids come', async () => {
      await ask('k1');
      for (let step = 0; step < 40; step++) {
        await askMany(20, randomKid);
        time.advance(cooldown / 2);
      }
      expect(issuer.count(oidcPath)).to.equal(3);
      time.advance(cooldown);
      move(makeKey('k2').jwk);
      expect(await ask('k2')).to.equal(200);
    });

    it('are not looked for where the refetch brought a new key, or the key URL is configured', async () => {
      await ask('k1');
      issuer.keys.push(makeKey('k2').jwk);
      expect(await ask('k2')).to.equal(200);
      expect(issuer.count(oidcPath)).to.equal(1);
      manager = make({ jwksUrl: issuer.jwksUrl });
      await ask('k1');
      expect(await ask('random')).to.equal(401);
      expect(issuer.count(oidcPath)).to.equal(1);
    });

    it('change nothing where the discovery fails', async () => {
      await ask('k1');
      issuer.metadataMode = down;
      expect(await ask('random')).to.equal(401);
      expect(await ask('k1')).to.equal(200);
      expect(status()).to.include({ lastError: null, jwksUrl: issuer.jwksUrl });
    });
  });

  describe('two different keys under one kid', () => {
    it('are both refused at once, known from before or not', async () => {
      issuer.keys.push(makeKey('k2').jwk);
      const key = await get('k1');
      issuer.keys.push(makeKey('k1').jwk);
      await manager.refresh();
      expect(manager.isCurrent(key)).to.be.false;
      expect(await ask('k1')).to.equal(401);
      expect(await ask('k2')).to.equal(200);
      expect(logger.text('warn')).to.contain('different keys have the kid');
    });

    it('are both refused where they are the only keys', async () => {
      const key = await get('k1');
      issuer.keys.push(makeKey('k1').jwk);
      await manager.refresh();
      expect(manager.isCurrent(key)).to.be.false;
      expect(await ask('k1')).to.equal(401);
      expect(status()).to.include({ usable: false });
    });

    it('are a key again when one of them is gone', async () => {
      const second = makeKey('k1').jwk;
      issuer.keys.push(second);
      expect(await ask('k1')).to.equal(401);
      issuer.keys = [second];
      expect(await ask('k1')).to.equal(200);
    });
  });

  it('asks for keys as a JWK Set or as JSON, and for metadata as JSON', async () => {
    await ask('k1');
    const accepts = Object.fromEntries(issuer.requests.map(({ path: asked, headers }) => [asked, headers.accept]));
    expect(accepts).to.deep.equal({
      [oidcPath]: 'application/json',
      [keysPath]: 'application/jwk-set+json, application/json',
    });
  });

  const waits: [string, number][] = [
    ['7', 7],
    ['3600', longestRetry],
    ['0', 1.25],
    ['-5', 1.25],
    ['soon', 1.25],
    ['99999999999999999999999', longestRetry],
    ['Wed, 01 Jan 2025 00:00:20 GMT', 20],
    ['Wed, 01 Jan 2025 02:00:00 GMT', longestRetry],
    ['Tue, 31 Dec 2024 00:00:00 GMT', 1.25],
  ];
  for (const [asked, seconds] of waits)
    for (const refusal of [429, 503])
      it(`an issuer that answers ${refusal} with Retry-After: ${asked} is left alone for ${seconds} s`, async () => {
        const headers = { 'Retry-After': asked, Date: 'Wed, 01 Jan 2025 00:00:00 GMT' };
        const realFetch = manager.fetch;
        let asks = 0;
        manager.fetch = url => {
          if (url !== issuer.jwksUrl) return realFetch(url);
          asks++;
          return Promise.resolve(new Response('', { status: refusal, headers }));
        };
        expect(await refuse(get('k1'))).to.include({ retryAfter: seconds });
        time.advance(seconds - 0.01);
        expect(await ask('k1')).to.equal(503);
        expect(asks).to.equal(1);
        time.advance(0.01);
        manager.fetch = realFetch;
        expect(await ask('k1')).to.equal(200);
      });

  // Regression: the system's clock was read, whatever clock a test had set.
  it('a date in Retry-After of an answer without a Date counts from the clock of the manager', async () => {
    const realFetch = manager.fetch;
    const headers = { 'Retry-After': new Date(time.now + 20_000).toUTCString() };
    manager.fetch = () => Promise.resolve(new Response('', { status: 503, headers }));
    expect(await refuse(get('k1'))).to.include({ retryAfter: 20 });
    manager.fetch = realFetch;
  });

  it('the first back-off has jitter, and is between jwksRetryMin and jwksRetryMax', async () => {
    issuer.keysMode = down;
    const firstWait = async (random: number, input: SettingsInput = {}): Promise<number> => {
      const one = Object.assign(make({ jwksRetryMin: 2, ...input }), { random: () => random });
      return ((await refuse(one.refresh())) as ServiceUnavailable).retryAfter;
    };
    expect(await firstWait(0)).to.equal(2);
    expect(await firstWait(0.5)).to.equal(2.5);
    expect(await firstWait(0.999)).to.be.within(2.99, 3);
    expect(await firstWait(0.999, { jwksRetryMax: 2 })).to.equal(2);
  });

  describe("where the system's clock is set back by three hours", () => {
    const back = 3 * 60 * 60;
    let wall: number;
    beforeEach(() => {
      wall = 0;
      // As where the system's clock is read: times are set, durations are not.
      Object.assign(manager, { clock: () => time.now + 1000 * wall, monotonic: time.clock });
    });

    it('a back-off is no longer', async () => {
      issuer.keysMode = down;
      await ask('k1');
      wall -= back;
      expect(await refuse(get('k1'))).to.include({ retryAfter: 1.25 });
      issuer.keysMode = ok;
      time.advance(1.25);
      expect(await ask('k1')).to.equal(200);
    });

    it('a cooldown is no longer', async () => {
      await ask('k1');
      await ask('random');
      wall -= back;
      issuer.keys.push(makeKey('k2').jwk);
      expect(await ask('k2')).to.equal(401);
      time.advance(cooldown);
      expect(await ask('k2')).to.equal(200);
    });

    it('keys become neither older nor younger', async () => {
      const key = await get('k1');
      wall -= back;
      issuer.keysMode = down;
      time.advance(refreshInterval - 1);
      expect(status().stale).to.be.false;
      time.advance(1);
      expect(status().stale).to.be.true;
      time.advance(cacheTtl - refreshInterval);
      expect(manager.isCurrent(key)).to.be.false;
      expect(await ask('k1')).to.equal(503);
    });

    it('the status tells the next refresh by the clock of now', async () => {
      await manager.start();
      wall -= back;
      expect(status().nextRefresh).to.equal(time.now - 1000 * back + 1000 * refreshInterval);
    });

    it('discovery is repeated after a day', async () => {
      await ask('k1');
      wall -= back;
      time.advance(24 * 60 * 60);
      await manager.refresh();
      expect(issuer.count(oidcPath)).to.equal(2);
    });

    it('the same holds for a manager whose clock alone a test sets', async () => {
      const one = make();
      one.clock = () => time.now + 1000 * wall;
      const known = (): Promise<number> =>
        one.getKey({ alg: 'ES256', kid: 'k1' }).then(
          () => 200,
          () => 503,
        );
      issuer.keysMode = down;
      expect(await known()).to.equal(503);
      wall -= back;
      const error = await refuse(one.getKey({ alg: 'ES256', kid: 'k1' }));
      expect((error as ServiceUnavailable).retryAfter).to.be.within(0.1, 1.25);
      issuer.keysMode = ok;
      time.advance(1.25);
      expect(await known()).to.equal(200);
    });
  });

  it('S18: closing ends the fetch in flight and refuses what comes later', async () => {
    isMeantToHeal = false;
    const key = await get('k1');
    issuer.keysMode = { is: 'hang' };
    void manager.start();
    const waiting = causeOf(get('k2'));
    await eventually(() => issuer.count() === 2);
    manager.close();
    manager.close();
    expect(await waiting).to.equal('closed');
    expect(await causeOf(get('k1'))).to.equal('closed');
    expect(await causeOf(manager.refresh())).to.equal('closed');
    expect(manager.isCurrent(key)).to.be.false;
    expect(time.waiting, 'timers').to.equal(0);
    expect(logger.text('warn', 'error')).to.equal('');
    await eventually(() => issuer.openRequests === 0);
  });

  it('S18: closing between two refreshes leaves no timer', async () => {
    isMeantToHeal = false;
    await manager.start();
    expect(time.waiting).to.equal(1);
    manager.close();
    expect(time.waiting).to.equal(0);
    expect(status().nextRefresh).to.equal(null);
    await manager.start();
    expect(time.waiting).to.equal(0);
  });

  const endings: [title: string, mode: Mode, timeout: number, script: string][] = [
    ['that closes while a fetch hangs', { is: 'hang' }, 60, 'closeOnceFetching();'],
    ['that does not close while a fetch hangs, after the timeout,', { is: 'hang' }, 0.5, ''],
    ['with fresh keys and a background refresh', ok, 60, ''],
  ];
  for (const [title, mode, timeout, script] of endings) {
    it(`S18: a process ${title} ends by itself`, async () => {
      issuer.keysMode = mode;
      // The fetch alone would keep it for a minute.
      expect(await lifetimeOf(timeout, script)).to.be.below(15_000);
    });
  }

  // Milliseconds from the start of a manager in a process of its own to the end of that process.
  async function lifetimeOf(jwksTimeout: number, script: string): Promise<number> {
    const core = path.join(__dirname, '../../../src/core');
    const input = JSON.stringify({ audience: 'api', issuerUrl: issuer.url, jwksTimeout });
    const code = `
      const { JwksManager } = require(${JSON.stringify(path.join(core, 'issuers/jwks-manager'))});
      const { defineSettings } = require(${JSON.stringify(path.join(core, 'settings/define-settings'))});
      const manager = new JwksManager(defineSettings(${input}));
      const start = performance.now();
      process.on('exit', () => console.log(performance.now() - start));
      function closeOnceFetching() {
        if (manager.status()[0].fetchCount === 0) setTimeout(closeOnceFetching, 5);
        else setTimeout(() => manager.close(), 20);
      }
      void manager.start();
      ${script}`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await new Promise(resolve => child.on('close', resolve));
    expect(child.exitCode).to.equal(0);
    return Number(output);
  }

  it('start() fetches once, however often it is called', async () => {
    await Promise.all([manager.start(), manager.start()]);
    await manager.start();
    expect(issuer.count()).to.equal(1);
  });

  it('start() without prefetch waits for the first token', async () => {
    manager = make({ jwksPrefetch: false });
    await manager.start();
    expect(issuer.requests).to.deep.equal([]);
    expect(await ask('k1')).to.equal(200);
  });

  it('refreshes in the background, with jitter', async () => {
    const random = [0, 0.999];
    manager.random = () => random.shift() ?? 0.5;
    manager = Object.assign(make(), { random: manager.random });
    await manager.start();
    expect(status().nextRefresh).to.be.closeTo(time.now + 1.05 * refreshInterval * 1000, 1000);
    time.advance(1.05 * refreshInterval);
    await eventually(() => issuer.count() === 2 && status().lastSuccess === time.now);
    expect(status().nextRefresh).to.equal(time.now + refreshInterval * 1000);
  });

  it('refresh() joins the fetch in flight', async () => {
    issuer.keysMode = { is: 'slow', delay: 20 };
    await Promise.all([manager.refresh(), manager.refresh(), get('k1')]);
    expect(issuer.count()).to.equal(1);
  });

  it('refresh() minds neither cooldown nor back-off', async () => {
    issuer.keysMode = down;
    await refreshFails();
    await refreshFails();
    expect(issuer.count()).to.equal(2);
  });

  it('gives each waiting request its own error', async () => {
    issuer.keysMode = down;
    const [one, other] = await Promise.all([refuse(get('k1')), refuse(get('k1'))]);
    expect(one).not.to.equal(other);
  });

  it('status() is plain data', async () => {
    expect(status()).to.deep.equal({
      issuer: issuer.url,
      jwksUrl: null,
      keys: [],
      lastSuccess: null,
      lastError: null,
      nextRefresh: null,
      stale: true,
      usable: false,
      fetchCount: 0,
    });
    await manager.start();
    expect(status()).to.deep.equal({
      issuer: issuer.url,
      jwksUrl: issuer.jwksUrl,
      keys: [{ kid: 'k1', alg: 'ES256' }],
      lastSuccess: time.now,
      lastError: null,
      nextRefresh: time.now + refreshInterval * 1000,
      stale: false,
      usable: true,
      fetchCount: 1,
    });
    issuer.keysMode = down;
    await refreshFails();
    expect(status()).to.include({ lastError: `${issuer.jwksUrl}: answers with status 500`, fetchCount: 2 });
  });

  it('reads fetch, clock and timers from the globals at the moment of use', async () => {
    const settings = defineSettings({ audience: 'api', jwksUrl: issuer.jwksUrl, logger });
    const plain = new JwksManager(settings);
    const realFetch = globalThis.fetch;
    let asked = 0;
    globalThis.fetch = (...request) => {
      asked++;
      return realFetch(...request);
    };
    const before = Date.now();
    await plain.refresh().finally(() => (globalThis.fetch = realFetch));
    expect(asked).to.equal(1);
    expect(plain.status()[0]!.lastSuccess).to.be.within(before, Date.now());
    plain.close();
  });
});

/** A store that hangs: the refresh is answered 503, and is not carried out later. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Express } from 'express';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { freePort } from '../free-port';
import { createMicroservice, redisStore, type MicroserviceStore } from '../../src/microservice';
import { microserviceEntities, microserviceMigrations, typeOrmStore } from '../../src/microservice/typeorm';
import { MemoryUserStore } from '../../src/microservice/users/memory-user-store';
import { RecordingLogger } from '../issuer/recording-logger';
import { Browser, claimsOf } from './browser';
import { createDatabase, dropDatabase, openDatabase } from './mariadb';
import { cheapHasher, issuer, secret } from './sign-in-app';
import { needsServer, places, postgresUrl } from './stores/places';

const placeOf = (server: string) => places.find(place => place.server === server)!;

interface Serving {
  readonly app: Express;
  close(): Promise<void>;
}

async function serve(store: MicroserviceStore): Promise<Serving> {
  const users = new MemoryUserStore();
  await users.create({ username: 'ged', passwordHash: await cheapHasher.hash('sparrowhawk') });
  const logger = new RecordingLogger();
  const options = { issuer, audience: issuer, secret, users, store, logger, passwordHasher: cheapHasher };
  const microservice = createMicroservice(options);
  const { controllers } = microservice;
  const app = createExpressServer({ controllers, axioms: { issuerUrl: issuer, audience: issuer, logger } });
  const close = async (): Promise<void> => {
    (app.locals.axioms as AxiomsServer).close();
    await microservice.close();
  };
  return { app, close };
}

/** Calls `hang` right before the first rotation is given to the store. */
function hangingAtRotation(store: MicroserviceStore, hang: () => Promise<void>): void {
  const rotate = store.rotateFamily.bind(store);
  let isFirst = true;
  store.rotateFamily = async rotation => {
    if (isFirst) await hang();
    isFirst = false;
    return rotate(rotation);
  };
}

/** Refreshes while the store hangs, and afterwards. */
async function expectNothingLater(store: MicroserviceStore, goOn: () => Promise<void>): Promise<void> {
  const { app, close } = await serve(store);
  const browser = new Browser(app);
  expect((await browser.signIn()).status).to.equal(200);
  const answer = await browser.refresh();
  expect([answer.status, answer.headers['retry-after']]).to.deep.equal([503, '1']);
  expect((answer.body as { error: string }).error).to.equal('temporarily_unavailable');
  expect(answer.headers['set-cookie']).to.equal(undefined);
  await goOn();
  const families = () => store.familiesOf(issuer, String(claimsOf(browser.accessToken).sub));
  expect((await families()).map(({ generation }) => generation)).to.deep.equal([0]);
  expect((await browser.refresh()).status).to.equal(200);
  expect((await families()).map(({ generation }) => generation)).to.deep.equal([1]);
  await close();
}

const pause = (seconds: number): Promise<void> => new Promise(done => setTimeout(done, 1000 * seconds));

describe('a rotation that was answered 503, on Redis', function () {
  this.timeout(30_000);
  needsServer(placeOf('redis'));

  it('is not carried out once Redis goes on', async function () {
    const server = await OwnRedis.start();
    if (server === undefined) return this.skip();
    const client = new Redis(server.port, '127.0.0.1');
    const store = redisStore(client);
    hangingAtRotation(store, () => {
      server.process.kill('SIGSTOP');
      return Promise.resolve();
    });
    await expectNothingLater(store, async () => {
      server.process.kill('SIGCONT');
      await pause(1.2);
    });
    client.disconnect();
    await server.end();
  });
});

describe('a rotation that was answered 503, on PostgreSQL', function () {
  this.timeout(60_000);
  needsServer(placeOf('postgres'));

  it('is not carried out once a lock is released', async () => {
    const schema = `axioms_hung_${process.pid}`;
    const [own, other] = await Promise.all([postgres(schema, true), postgres(schema, false)]);
    const store = typeOrmStore({ dataSource: own });
    const locking = other.createQueryRunner();
    hangingAtRotation(store, async () => {
      await locking.startTransaction();
      await locking.query(`LOCK TABLE "${schema}".axioms_refresh_family IN ACCESS EXCLUSIVE MODE`);
    });
    await expectNothingLater(store, async () => {
      await locking.commitTransaction();
      await pause(0.3);
    });
    await locking.release();
    await other.query(`DROP SCHEMA "${schema}" CASCADE`);
    await Promise.all([own.destroy(), other.destroy()]);
  });

  async function postgres(schema: string, migrates: boolean): Promise<DataSource> {
    const tables = { entities: [...microserviceEntities], migrations: [...microserviceMigrations] };
    const opened = await new DataSource({ type: 'postgres', url: postgresUrl, schema, ...tables }).initialize();
    if (!migrates) return opened;
    await opened.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await opened.runMigrations();
    return opened;
  }
});

describe('a rotation that was answered 503, on MariaDB', function () {
  this.timeout(60_000);
  needsServer(placeOf('mariadb'));

  it('is not carried out once a lock is released', async () => {
    const database = await createDatabase();
    const tables = { entities: [...microserviceEntities], migrations: [...microserviceMigrations] };
    const [own, other] = [await openDatabase(database, tables), await openDatabase(database, {})];
    await own.runMigrations();
    const store = typeOrmStore({ dataSource: own });
    const locking = other.createQueryRunner();
    hangingAtRotation(store, async () => {
      await locking.query('LOCK TABLES axioms_refresh_family WRITE');
    });
    await expectNothingLater(store, async () => {
      await locking.query('UNLOCK TABLES');
      await pause(0.3);
    });
    await locking.release();
    await Promise.all([own.destroy(), other.destroy()]);
    await dropDatabase(database);
  });
});

/** A server of this test alone, which can be stopped. */
class OwnRedis {
  private constructor(
    readonly process: ChildProcess,
    readonly port: number,
    private readonly folder: string,
  ) {}

  /** Returns nothing where this machine has no program `redis-server`. */
  static async start(): Promise<OwnRedis | undefined> {
    const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'redis-'))];
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    const isReady = await new Promise<boolean>(done => {
      child.once('error', () => {
        done(false);
      });
      child.stdout.on('data', (text: Buffer) => {
        if (text.includes('Ready to accept connections')) done(true);
      });
    });
    return isReady ? new OwnRedis(child, port, folder) : undefined;
  }

  async end(): Promise<void> {
    this.process.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

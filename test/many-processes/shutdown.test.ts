/** SIGTERM: requests under way get their answers, and nothing keeps the process. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { HttpClient } from '../chaos/http-client';
import { OwnDatabase } from '../chaos/own-database';
import { DurableRedis } from '../chaos/own-redis';
import { freePort } from '../free-port';
import { ChaosProcess } from '../chaos/process-group';
import { cheapHasher } from '../microservice/sign-in-app';
import { needsServer, places } from '../microservice/stores/places';
import { leaveOut } from './service';

describe('a process that gets SIGTERM', function () {
  this.timeout(60_000);

  const http = new HttpClient();
  let redis: DurableRedis;
  let database: OwnDatabase;
  let process: ChaosProcess;
  let isStarted = false;

  needsServer(places.find(({ server }) => server === 'postgres')!);
  before(async function () {
    try {
      redis = await DurableRedis.start();
    } catch (error) {
      leaveOut(this, 'redis', `redis-server cannot be started: ${(error as Error).message}`);
    }
    database = await OwnDatabase.create();
    const place = { engine: 'postgres', url: database.url, denylistPort: redis.port } as const;
    const deployments = [{ ...place, issuer: 'https://api.example.com', port: await freePort() }];
    const passwordHash = await cheapHasher.hash('sparrowhawk');
    process = await ChaosProcess.start({ deployments, passwordHash, clockOffset: 0 });
    isStarted = true;
  });
  after(async () => {
    http.close();
    if (!isStarted) return;
    await process.end('SIGKILL');
    await redis.close();
    await database.drop();
  });

  function signIn() {
    const body = { username: `user-${randomUUID()}`, password: 'sparrowhawk' };
    return http.ask(`${process.urlOf(0)}/auth/sign-in/`, { method: 'POST', body });
  }

  it('answers what it has begun, refuses new connections, and ends', async () => {
    expect((await signIn())?.status).to.equal(200);
    const unlock = await database.lockSessions();
    const underWay = [signIn(), signIn(), signIn()];
    await new Promise(done => setTimeout(done, 500));
    const ended = process.end('SIGTERM');
    await new Promise(done => setTimeout(done, 300));
    expect(await new HttpClient().ask(`${process.urlOf(0)}/me`)).to.equal(undefined);
    await unlock();
    expect((await Promise.all(underWay)).map(answer => answer?.status)).to.deep.equal([200, 200, 200]);
    await ended;
    expect(process.said.filter(line => line.includes('"level":"error"'))).to.deep.equal([]);
  });

  it('is not held by a client that keeps asking on one connection', async () => {
    await process.run();
    const client = new HttpClient();
    expect((await client.ask(`${process.urlOf(0)}/me`))?.status).to.equal(401);
    const began = performance.now();
    const over = new AbortController();
    const ended = process.end('SIGTERM').then(() => {
      over.abort();
    });
    while (!over.signal.aborted) await client.ask(`${process.urlOf(0)}/me`);
    await ended;
    expect(performance.now() - began).to.be.lessThan(5000);
    client.close();
  });
});

/**
 * One of the four processes: it serves an API with a microservice for each deployment, node chaos-process.js <orders, as
 * JSON>. SIGTERM ends it as docs/many-processes.md says.
 */
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Express } from 'express';
import { Redis } from 'ioredis';
import { createExpressServer, healthMiddleware, type AxiomsServer } from 'axioms-routing-controllers';
import { createMicroservice, redisStore, type MicroserviceStore } from '../../src/microservice';
import { MemoryUserStore } from '../../src/microservice/users/memory-user-store';
import { typeOrmStore } from '../../src/microservice/typeorm';
import { RedisDenylist, type RedisClient } from '../../src/redis';
import type { Logger } from '../../src/core/settings/logger';
import { cheapHasher, MeController, secret } from '../microservice/sign-in-app';
import type { ChaosOrders, Deployment } from './orders';
import { plantIn } from './plants';

const orders = JSON.parse(process.argv[2] ?? '') as ChaosOrders;

const say =
  (level: string) =>
  (message: string, data?: object): void => {
    process.stderr.write(`${JSON.stringify({ level, message, ...data })}\n`);
  };
const logger: Logger = { debug: () => undefined, info: () => undefined, warn: say('warn'), error: say('error') };

/** Every name is a user, in every process, with the same password. */
class Everybody extends MemoryUserStore {
  override findById(id: string) {
    return Promise.resolve({ id, username: id, isActive: true });
  }
  override async findByUsername(username: string) {
    return { user: await this.findById(username), passwordHash: orders.passwordHash };
  }
  override touchLogin(): Promise<void> {
    return Promise.resolve();
  }
}

interface Serving {
  readonly server: Server;
  /** Closes what the requests use. */
  close(): Promise<void>;
}

interface Stores {
  readonly store: MicroserviceStore;
  readonly denylistClient: RedisClient;
  close(): void;
}

function storesOf(deployment: Deployment): Stores {
  if (deployment.engine === 'redis') {
    const { sentinelPort, group } = deployment;
    const sentinels = [{ host: '127.0.0.1', port: sentinelPort }];
    const strategies = { retryStrategy: () => 100, sentinelRetryStrategy: () => 100 };
    // Leaves a master that hangs. `failoverDetector` would, too, but may end the client for good (ioredis 5.11).
    const client = new Redis({ sentinels, name: group, socketTimeout: 1500, ...strategies });
    return {
      store: redisStore(client),
      denylistClient: client,
      close: () => {
        client.disconnect();
      },
    };
  }
  const client = new Redis(deployment.denylistPort, '127.0.0.1', { retryStrategy: () => 100 });
  return {
    store: typeOrmStore({ url: deployment.url }),
    denylistClient: client,
    close: () => {
      client.disconnect();
    },
  };
}

function serve(deployment: Deployment): Serving {
  const { issuer, port } = deployment;
  const stores = storesOf(deployment);
  const denylist = new RedisDenylist(stores.denylistClient);
  const planted = plantIn({ store: stores.store, denylist }, orders.plant);
  const clock = (): number => Date.now() + orders.clockOffset * 1000;
  const users = new Everybody();
  const common = { issuer, audience: issuer, logger };
  const { store } = stores;
  const microservice = createMicroservice({
    ...common,
    secret,
    users,
    store,
    denylist,
    clock,
    passwordHasher: cheapHasher,
  });
  const app: Express = createExpressServer({
    controllers: [...microservice.controllers, MeController],
    axioms: { issuerUrl: issuer, audience: issuer, logger, denylist, profile: 'rfc9068' },
  });
  const axioms = app.locals.axioms as AxiomsServer;
  app.get('/ready', healthMiddleware({ server: axioms }));
  const server = createServer((request, response) => {
    if (!server.listening) response.setHeader('Connection', 'close');
    if (!planted(request, response)) app(request, response);
  }).listen(port, '127.0.0.1');
  const close = async (): Promise<void> => {
    axioms.close();
    await microservice.close();
    stores.close();
  };
  return { server, close };
}

async function main(): Promise<void> {
  const serving = orders.deployments.map(serve);
  await Promise.all(serving.map(({ server }) => once(server, 'listening')));
  process.once('SIGTERM', () => void endGracefully(serving));
  process.send?.('listening');
}

/** No new connections; requests that are under way get their answers; then the stores. */
async function endGracefully(serving: readonly Serving[]): Promise<void> {
  await Promise.all(
    serving.map(({ server }) => {
      const closed = once(server, 'close');
      server.close();
      setTimeout(() => {
        server.closeAllConnections();
      }, 10_000).unref();
      return closed;
    }),
  );
  for (const { close } of serving) await close();
  process.exit();
}

process.once('disconnect', () => process.exit());
void main();

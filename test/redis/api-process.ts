/** An API in a process of its own: run with its configuration as JSON, it tells its parent where it listens. */
import 'reflect-metadata';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { Get, JsonController } from 'routing-controllers';
import { backchannelLogout, createExpressServer } from 'axioms-routing-controllers';
import type { OutagePolicy } from 'axioms-routing-controllers/throttling';
import {
  RedisDenylist,
  RedisProofStore,
  RedisThrottleStore,
  type LocalCopyOptions,
  type RedisClient,
} from '../../src/redis';
import { UserRateThrottle } from '../../src/throttling';
import { audience, silentLogger } from '../issuer/test-issuer';

export interface Configuration {
  readonly issuerUrl: string;
  readonly redisUrl: string;
  readonly client: 'ioredis' | 'redis';
  readonly prefix: string;
  readonly rate: string;
  readonly fail?: OutagePolicy;
  readonly hasDenylist?: boolean;
  readonly localCopy?: LocalCopyOptions;
  /** Set if the API accepts DPoP. */
  readonly externalUrl?: string;
  /** Seconds. On a busy machine an answer may be late: where none may be taken for an outage, a long one. */
  readonly timeout: number;
}

@JsonController('/things')
class ThingController {
  throttleClasses = [UserRateThrottle];
  @Get('/')
  list() {
    return [];
  }
}

async function main(configuration: Configuration): Promise<void> {
  const { issuerUrl, prefix, rate, fail, timeout, hasDenylist = false, localCopy, externalUrl } = configuration;
  const client = await clientOf(configuration);
  const app = createExpressServer({
    controllers: [ThingController],
    axioms: {
      audience,
      issuerUrl,
      logger: silentLogger,
      dpop: externalUrl === undefined ? 'off' : 'allowed',
      externalUrl,
      proofStore: new RedisProofStore(client, { prefix, timeout }),
      throttleRates: { user: rate },
      throttleStore: new RedisThrottleStore(client, { prefix, fail, timeout }),
      denylist: hasDenylist ? new RedisDenylist(client, { prefix, timeout, localCopy }) : undefined,
    },
  });
  if (hasDenylist) app.post('/logout', backchannelLogout({ clientId: 'books' }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
}

/** As an app makes it: nobody listens to its errors. */
async function clientOf({ client, redisUrl: url }: Configuration): Promise<RedisClient> {
  if (client === 'ioredis') return new Redis(url);
  // In version 4 connect() returns nothing.
  const made = createClient({ url });
  await made.connect();
  return made;
}

void main(JSON.parse(process.argv[2] ?? '') as Configuration);

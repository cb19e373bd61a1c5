/**
 * Whether four processes that share a throttle in Redis count exactly, and what a request costs Redis:
 * node bench/figures/processes.mjs [--hits 2500 --limit 5000]
 */
import { Child } from '../child.mjs';
import { startRedis } from '../own-redis.mjs';
import { option, tell } from './figure.mjs';

const [hits, limit, count] = [option('hits', 2500), option('limit', 5000), 4];

await tell(async () => {
  const server = await startRedis();
  process.env.REDIS_URL = server.url;
  const { CountingProxy } = (await import('../../dist/test/redis/counting-proxy.js')).default;
  const proxy = await CountingProxy.start();
  const children = Array.from(
    { length: count },
    () => new Child('./figures/processes-server.mjs', [proxy.url, String(limit)]),
  );
  await Promise.all(children.map(child => child.ready()));
  const answers = await Promise.all(children.map(child => child.ask({ hits })));
  const commands = proxy.commands.filter(command => command !== 'info' && command !== 'client').length;
  await Promise.all(children.map(child => child.stop()));
  proxy.close();
  server.stop();
  const [allowed, requests] = [answers.reduce((sum, one) => sum + one.allowed, 0), hits * count];
  return {
    title: `A throttle of ${limit} requests an hour, which ${count} processes share in one Redis`,
    heads: ['', 'requests', 'allowed', 'round trips', 'a request'],
    rows: [['', String(requests), String(allowed), String(commands), (commands / requests).toFixed(2)]],
    values: { surplus: Math.abs(allowed - limit), roundTrips: commands / requests },
  };
});

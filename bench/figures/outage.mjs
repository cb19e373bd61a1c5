/**
 * What requests notice of an issuer that is stopped: node bench/figures/outage.mjs [--rounds 5 --seconds 2]
 *
 * 32 connections ask with known and with new tokens. Every other time the issuer's process has SIGSTOP: its refreshes,
 * which come due all the time, neither answer nor end.
 */
import autocannon from 'autocannon';
import { Child } from '../child.mjs';
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mintNow } from '../tokens.mjs';
import { option, tell } from './figure.mjs';

const [rounds, seconds] = [option('rounds', 5), option('seconds', 2)];
const key = makeKey('ES256');

async function load(url, tokens) {
  let next = 0;
  const setupRequest = request => ({
    ...request,
    headers: { authorization: `Bearer ${tokens[next++ % tokens.length]}` },
  });
  const found = await autocannon({ url, connections: 32, duration: seconds, requests: [{ setupRequest }] });
  const { latency, requests, errors, timeouts, non2xx } = found;
  return { requests: requests.total, failed: errors + timeouts + non2xx, p50: latency.p50, p99: latency.p99 };
}

await tell(async () => {
  const issuer = new Child('./figures/issuer-process.mjs', [JSON.stringify([key.jwk])]);
  const { url, jwksUrl, pid } = await issuer.ready();
  const settings = { jwksRefreshInterval: 1, jwksCacheTtl: 3600, jwksTimeout: 1 };
  const server = new Child('./server.mjs', ['ours', JSON.stringify({ url, jwksUrl, settings })]);
  const { url: books } = await server.ready();
  const tokens = Array.from({ length: 5000 }, () => mintNow(key, claimsOf(url)));
  const found = { SIGCONT: [], SIGSTOP: [] };
  await load(books, tokens);
  for (let round = 0; round < rounds; round++)
    for (const signal of Object.keys(found)) {
      process.kill(pid, signal);
      found[signal].push(await load(books, tokens));
    }
  process.kill(pid, 'SIGCONT');
  await Promise.all([issuer, server].map(child => child.stop()));
  return report(found);
});

function report({ SIGCONT: before, SIGSTOP: during }) {
  const of = (rounds, figure) => rounds.map(round => round[figure]);
  const sum = (rounds, figure) => of(rounds, figure).reduce((total, one) => total + one, 0);
  const row = (title, rounds) => [
    title,
    String(sum(rounds, 'requests')),
    String(sum(rounds, 'failed')),
    ...['p50', 'p99'].map(figure => shown(spread(of(rounds, figure)))),
  ];
  const values = { failed: sum(during, 'failed'), p99: ratio(of(during, 'p99'), of(before, 'p99')).median };
  return {
    title: 'An issuer that is stopped (SIGSTOP) under load: 32 connections of autocannon',
    heads: ['', 'requests', 'failed', 'p50 ms', 'p99 ms'],
    rows: [row('it answers', before), row('it is stopped', during)],
    values,
  };
}

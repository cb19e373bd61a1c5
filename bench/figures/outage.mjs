/**
 * What requests notice of an issuer that is stopped: node bench/figures/outage.mjs [--seconds 6]
 *
 * 32 connections ask with known and with new tokens; the issuer's process gets SIGSTOP, so that its refreshes neither
 * answer nor end, and the background refresh of its keys comes due several times meanwhile.
 */
import autocannon from 'autocannon';
import { Child } from '../child.mjs';
import { claimsOf, makeKey, mintNow } from '../tokens.mjs';
import { option, tell } from './figure.mjs';

const seconds = option('seconds', 6);
const key = makeKey('ES256');

function load(url, issuer) {
  const tokens = Array.from({ length: 5000 }, () => mintNow(key, claimsOf(issuer)));
  let next = 0;
  const setupRequest = request => ({
    ...request,
    headers: { ...request.headers, authorization: `Bearer ${tokens[next++ % tokens.length]}` },
  });
  return autocannon({ url, connections: 32, duration: seconds, requests: [{ setupRequest }] });
}

await tell(async () => {
  const issuer = new Child('./figures/issuer-process.mjs', [JSON.stringify([key.jwk])]);
  const { url, jwksUrl, pid } = await issuer.ready();
  const settings = { jwksRefreshInterval: seconds / 3, jwksCacheTtl: 3600, jwksTimeout: 1 };
  const server = new Child('./server.mjs', ['ours', JSON.stringify({ url, jwksUrl, settings })]);
  const { url: books } = await server.ready();
  await load(books, url);
  const before = await load(books, url);
  process.kill(pid, 'SIGSTOP');
  const during = await load(books, url);
  process.kill(pid, 'SIGCONT');
  await Promise.all([issuer, server].map(child => child.stop()));
  return report(before, during);
});

function report(before, during) {
  const failed = ({ errors, timeouts, non2xx }) => errors + timeouts + non2xx;
  const row = (title, found) => {
    const { latency, requests } = found;
    return [
      title,
      String(requests.total),
      String(failed(found)),
      ...[latency.p50, latency.p99, latency.max].map(String),
    ];
  };
  const values = { failed: failed(during), p99: during.latency.p99 / before.latency.p99 };
  const rows = [row('the issuer answers', before), row('the issuer is stopped', during)];
  return {
    title: 'An issuer that is stopped (SIGSTOP), 32 connections',
    heads: ['', 'requests', 'failed', 'p50 ms', 'p99 ms', 'longest ms'],
    rows,
    values,
  };
}

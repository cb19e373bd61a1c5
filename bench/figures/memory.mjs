/**
 * What verified tokens take: node --expose-gc bench/figures/memory.mjs [--amount 1000000]
 *
 * The cache has its default size. Tokens are signed and verified here, without HTTP, and forgotten by all but the cache.
 */
import { claimsOf, makeKey, mintNow } from '../tokens.mjs';
import { option, tell } from './figure.mjs';
import { startVerifier } from './verifiers.mjs';

const issuer = 'https://issuer.example.com';
const mebibyte = 1024 * 1024;
const cached = 10_000;
const early = 50_000;
const amount = option('amount', 1_000_000);
const key = makeKey('ES256');

function used() {
  for (let times = 0; times < 3; times++) globalThis.gc();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { heap: (heapUsed + external + arrayBuffers) / mebibyte, rss: rss / mebibyte };
}

/** @returns the tokens, where they are asked for again. */
async function verifyNew(verifier, count, isKept = false) {
  const kept = [];
  for (let index = 0; index < count; index++) {
    const token = mintNow(key, claimsOf(issuer));
    await verifier.accept(token);
    if (isKept) kept.push(token);
  }
  return kept;
}

await tell(async () => {
  const warm = await startVerifier({ [issuer]: [key] });
  await verifyNew(warm.verifier, 2 * cached);
  warm.verifier.revoke({ iss: issuer, client_id: 'web-client' });
  const { verifier, manager } = await startVerifier({ [issuer]: [key] });
  const empty = used();
  const tokens = await verifyNew(verifier, cached, true);
  const held = used();
  for (const token of tokens) await verifier.verify(token);
  const repeated = used();
  tokens.length = 0;
  await verifyNew(verifier, early - cached);
  const soon = used();
  await verifyNew(verifier, amount - early);
  const late = used();
  for (const one of [manager, warm.manager]) one.close();
  return report({ empty, held, repeated, soon, late });
});

function report({ empty, held, repeated, soon, late }) {
  const row = (title, { heap, rss }) => [title, heap.toFixed(1), rss.toFixed(1), (heap - empty.heap).toFixed(1)];
  const rows = [
    row('an empty cache', empty),
    row(`${cached} tokens, and their text here`, held),
    row('each of them once more', repeated),
    row(`after ${early} distinct tokens`, soon),
    row(`after ${amount} distinct tokens`, late),
  ];
  const values = {
    cachedMiB: Math.max(held.heap, repeated.heap) - empty.heap,
    cachedRssMiB: Math.max(held.rss, repeated.rss) - empty.rss,
    lateToEarly: late.heap / soon.heap,
  };
  return { title: 'Memory of verified tokens', heads: ['', 'heap MiB', 'RSS MiB', 'heap above empty'], rows, values };
}

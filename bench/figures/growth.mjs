/**
 * What many issuers, keys and scopes cost beside few: node bench/figures/growth.mjs [--rounds 7 --amount 2000]
 *
 * The verifier alone, without HTTP, where growth shows most: for a token that is known already (no cryptography), and
 * for one that is verified anew (ES256).
 */
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mintNow } from '../tokens.mjs';
import { option, tell } from './figure.mjs';
import { interleaved } from './rounds.mjs';
import { startVerifier } from './verifiers.mjs';

const [rounds, amount] = [option('rounds', 7), option('amount', 2000)];
const key = makeKey('ES256');
const many = (count, make) => Array.from({ length: count }, (_, index) => make(index));
const issuers = many(1000, index => `https://issuer-${index}.example.com`);
const [issuer] = issuers;

/** The tokens are of these issuers in turn. */
function ofIssuers(count) {
  const keys = Object.fromEntries(issuers.slice(0, count).map(one => [one, [key]]));
  return { keys, token: index => mintNow(key, claimsOf(issuers[index % count])) };
}

/** The keys of one issuer sign in turn. */
function ofKeys(count) {
  const keys = many(count, index => makeKey('ES256', `key-${index}`));
  return { keys: { [issuer]: keys }, token: index => mintNow(keys[index % count], claimsOf(issuer)) };
}

/** The tokens have so many scopes, and one more that is asked for. As many of them as the cache holds: it has 32 MiB. */
function ofScopes(count) {
  const scope = many(count, index => `thing-${index}:read`).join(' ');
  const claims = () => claimsOf(issuer, { scope: `${scope} book:read` });
  return { keys: { [issuer]: [key] }, token: () => mintNow(key, claims()), tokens: count > 1000 ? 20 : 1000 };
}

async function runsOf({ keys, token, tokens = 1000 }) {
  const raised = { maxTokenSize: 1024 * 1024 };
  const pool = many(tokens, token);
  const [cached, uncached] = [
    await startVerifier(keys, raised),
    await startVerifier(keys, { ...raised, tokenCacheSize: 0 }),
  ];
  const run = verifier => async index => {
    const { accepted } = await verifier.accept(pool[index % pool.length]);
    if (!accepted.grants.scopes.includes('book:read')) throw new Error('The token does not grant what it says');
  };
  return { known: run(cached.verifier), new: run(uncached.verifier) };
}

async function compared(what, make, few, lots) {
  const [one, other] = [await runsOf(make(few)), await runsOf(make(lots))];
  const rows = [];
  const values = {};
  for (const kind of ['known', 'new']) {
    const costs = await interleaved({ few: one[kind], lots: other[kind] }, { rounds, amount });
    const growth = ratio(costs.lots, costs.few);
    rows.push([
      `${few} → ${lots} ${what}, ${kind} token`,
      shown(spread(costs.few), 1),
      shown(spread(costs.lots), 1),
      shown(growth, 2),
    ]);
    values[`${what}, ${kind}`] = growth.median;
  }
  return { rows, values };
}

await tell(async () => {
  const all = [
    await compared('issuers', ofIssuers, 1, 1000),
    await compared('keys', ofKeys, 1, 100),
    await compared('scopes', ofScopes, 10, 10_000),
  ];
  return {
    title: 'Growth: the verifier alone, CPU µs a token',
    heads: ['', 'few', 'many', 'many ÷ few'],
    rows: all.flatMap(({ rows }) => rows),
    values: Object.assign({}, ...all.map(({ values }) => values)),
  };
});

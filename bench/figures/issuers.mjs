/**
 * What a request costs where 1,000 issuers are trusted, beside one: node bench/figures/issuers.mjs [--rounds 7 --amount 4000]
 *
 * A thousand tokens in turn, of one issuer or one of each, that were accepted before; and tokens that come once. Both
 * routes stand in one process, and are asked in turn, in slices.
 */
import { Child } from '../child.mjs';
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mint } from '../tokens.mjs';
import { option, tell } from './figure.mjs';
import { measureRoutes, tokensFor } from './routes.mjs';

const [rounds, amount] = [option('rounds', 7), option('amount', 4000)];
const count = 1000;
const key = makeKey('ES256');
const issuers = Array.from({ length: count }, (_, index) => `https://issuer-${index}.example.com`);
const trusted = { few: issuers.slice(0, 1), many: issuers };
const kinds = { known: 'in turn', new: 'distinct' };

await tell(async () => {
  const found = {};
  for (const kind of Object.keys(kinds)) found[kind] = await measured(kind);
  return report(found);
});

async function measured(kind) {
  const pools = { few: await tokensOf(kind, trusted.few), many: await tokensOf(kind, trusted.many) };
  const server = new Child(
    './figures/issuers-server.mjs',
    [issuers, key.jwk].map(one => JSON.stringify(one)),
  );
  const routes = ({ few, many }) => ({
    few: { url: few, pool: 'few', kind: kinds[kind] },
    many: { url: many, pool: 'many', kind: kinds[kind] },
  });
  return measureRoutes({ server, pools, routes, rounds, amount, slices: 4 });
}

function tokensOf(kind, ofThese) {
  const length = kind === 'known' ? count : tokensFor({ rounds, amount });
  return Promise.all(Array.from({ length }, (_, index) => mint(key, claimsOf(ofThese[index % ofThese.length]))));
}

function report(found) {
  const of = (kind, name) => found[kind][name].map(({ cpu }) => cpu);
  const growth = kind => ratio(of(kind, 'many'), of(kind, 'few'));
  const row = kind => [
    `${kind} token`,
    ...['few', 'many'].map(name => shown(spread(of(kind, name)), 1)),
    shown(growth(kind), 3),
  ];
  return {
    title: `One issuer and ${count}: CPU µs a request`,
    heads: ['', 'one', String(count), 'ratio'],
    rows: Object.keys(kinds).map(row),
    values: Object.fromEntries(Object.keys(kinds).map(kind => [kind, growth(kind)])),
  };
}

/**
 * What a whole request costs inside the process, without a socket: node bench/figures/in-process.mjs [--rounds 5 --amount 2000]
 *
 * Each app takes requests that were made by hand, and writes into nothing. What is left is Express, the guard and the
 * handler. A second series has 100 more routes behind the route that is asked.
 */
import { startIssuer } from '../issuer.mjs';
import { geometric, ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mint } from '../tokens.mjs';
import { ask, untilAnswered } from './by-hand.mjs';
import { option, tell } from './figure.mjs';
import { interleaved } from './rounds.mjs';
import { contestants, shapes } from './shapes.mjs';

const [rounds, amount] = [option('rounds', 5), option('amount', 2000)];

await tell(async () => {
  const key = makeKey('RS256');
  const issuer = await startIssuer([key]);
  const [good, other] = await Promise.all(
    ['book:read', 'other'].map(scope => mint(key, claimsOf(issuer.url, { scope }))),
  );
  const costs = { 0: await race(issuer, good, 0), 100: await race(issuer, good, 100) };
  const refusal = await refusals(issuer, good, other);
  issuer.close();
  return report(costs, refusal);
});

async function race(issuer, token, more) {
  const apps = Object.entries(contestants).map(([name, make]) => [name, make(issuer.url, more)]);
  for (const [, app] of apps) await untilAnswered(app, withToken(shapes['no parameters'], token), 200);
  const runs = apps.flatMap(([name, app]) =>
    Object.entries(shapes).map(([shape, request]) => [
      `${name}: ${shape}`,
      () => ask(app, withToken(request, token), 200),
    ]),
  );
  return interleaved(Object.fromEntries(runs), { rounds, amount });
}

async function refusals(issuer, good, other) {
  const app = contestants.getter(issuer.url, 0);
  const [allowed, refused] = [good, other].map(token => withToken(shapes['no parameters'], token));
  await untilAnswered(app, allowed, 200);
  return interleaved(
    { allowed: () => ask(app, allowed, 200), refused: () => ask(app, refused, 403) },
    { rounds, amount },
  );
}

function withToken(request, token) {
  return { ...request, fields: { authorization: `Bearer ${token}` } };
}

function report(costs, refusal) {
  const names = Object.keys(contestants);
  const of = (more, name, shape) => costs[more][`${name}: ${shape}`];
  const mean = (more, one, other) =>
    geometric(Object.keys(shapes).map(shape => ratio(of(more, one, shape), of(more, other, shape)).median));
  const row = (more, shape) => [
    `${shape}${more > 0 ? `, ${more} more routes` : ''}`,
    ...names.map(name => shown(spread(of(more, name, shape)), 1)),
    ratio(of(more, 'field', shape), of(more, 'bare', shape)).median.toFixed(2),
  ];
  const rows = [0, 100].flatMap(more => Object.keys(shapes).map(shape => row(more, shape)));
  const refused = ratio(refusal.refused, refusal.allowed);
  const values = { amongMany: mean(100, 'field', 'bare'), getter: mean(0, 'getter', 'field'), refused };
  const summary = {
    'field ÷ bare': mean(0, 'field', 'bare'),
    'field ÷ stock': mean(0, 'field', 'stock'),
    'field ÷ bare, 100 more routes': values.amongMany,
    'getter ÷ field': values.getter,
    'a 403 ÷ an allowed request': refused.median,
  };
  return {
    title: 'A whole request inside the process, CPU µs',
    heads: ['', ...names, 'field ÷ bare'],
    rows: [
      ...rows,
      ...Object.entries(summary).map(([what, value]) => [what, ...names.map(() => ''), value.toFixed(3)]),
    ],
    values,
  };
}

/**
 * What a throttle in memory adds to the guarded route: node bench/figures/throttle.mjs [--rounds 7 --amount 3000]
 *
 * One token, again and again, at three routes of one process: what the compiler and the collector make of a process is the
 * same for all. A round asks them in turn, in slices so short that what else happens on the machine happens to all. Two of
 * them are the same, before and behind the throttled one: how far they lie apart is what the figure cannot tell.
 */
import { Child } from '../child.mjs';
import { startIssuer } from '../issuer.mjs';
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mint } from '../tokens.mjs';
import { option, tell } from './figure.mjs';
import { measureRoutes } from './routes.mjs';

const [rounds, amount] = [option('rounds', 7), option('amount', 3000)];
const paths = ['/guarded', '/throttled', '/again'];
const figures = {
  'CPU µs/request': ({ cpu }) => cpu,
  'requests/s': ({ seconds }) => 1 / seconds,
};

await tell(async () => {
  const key = makeKey('RS256');
  const issuer = await startIssuer([key]);
  const pools = { known: [await mint(key, claimsOf(issuer.url))] };
  const server = new Child('./figures/throttle-server.mjs', [issuer.url]);
  const routes = ({ url }) =>
    Object.fromEntries(paths.map(path => [path, { url: url + path, pool: 'known', kind: 'repeated' }]));
  const found = await measureRoutes({ server, pools, routes, rounds, amount, slices: 10 });
  issuer.close();
  return report(found);
});

function report(found) {
  const of = (path, figure) => found[path].map(round => figures[figure](round));
  const guarded = figure => of('/guarded', figure).map((value, round) => (value + of('/again', figure)[round]) / 2);
  const share = figure => ratio(of('/throttled', figure), guarded(figure));
  const row = (figure, digits) => [
    figure,
    shown(spread(guarded(figure)), digits),
    shown(spread(of('/throttled', figure)), digits),
    shown(share(figure), 3),
    shown(ratio(of('/again', figure), of('/guarded', figure)), 3),
  ];
  return {
    title: 'A throttle in memory, for a known token',
    heads: ['', 'guarded', 'and throttled', 'throttled ÷ guarded', 'guarded ÷ guarded'],
    rows: [row('CPU µs/request', 1), row('requests/s', 0)],
    values: { cpu: share('CPU µs/request'), throughput: share('requests/s') },
  };
}

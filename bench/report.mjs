/** A race as text: a table a scenario, and how ours stands to the others. */
import { bounds, isPeer } from './contestants.mjs';
import { difference, ratio, spread } from './statistics.mjs';
import { shown } from './table.mjs';

const aboveHeads = ['above unguarded', '÷ unguarded', 'ours ÷ it, above'];
const heads = ['', 'requests/s', 'CPU µs/request', ...aboveHeads, 'p50 ms', 'p99 ms'];

/** Scenarios as tables, for `table` or for Markdown. */
export function raceTables(rounds) {
  return Object.entries(rounds).map(([title, byName]) => {
    const of = (name, figure) => byName[name].map(round => round[figure]);
    return { title, heads, rows: Object.keys(byName).map(name => row(name, of)), verdict: verdict(byName, of) };
  });
}

function row(name, of) {
  const cpu = of(name, 'cpu');
  const measured = [shown(spread(of(name, 'throughput'))), shown(spread(cpu), 1)];
  const latency = [shown(spread(of(name, 'p50')), 1), shown(spread(of(name, 'p99')), 1)];
  if (bounds.includes(name)) return [name, ...measured, '', '', '', ...latency];
  const above = one => difference(of(one, 'cpu'), of(one, 'unguarded'));
  const own = above(name);
  const shares = [shown(ratio(own, of(name, 'unguarded')), 3), shown(ratio(above('ours'), own), 2)];
  return [name, ...measured, shown(spread(own), 1), ...shares, ...latency];
}

function verdict(byName, of) {
  const peers = Object.keys(byName).filter(isPeer);
  if (peers.length === 0) return '';
  const cheapest = best(peers, name => spread(of(name, 'cpu')).median);
  const fastest = best(peers, name => -spread(of(name, 'throughput')).median);
  const cpu = shown(ratio(of('ours', 'cpu'), of(cheapest, 'cpu')), 2);
  const throughput = shown(ratio(of('ours', 'throughput'), of(fastest, 'throughput')), 2);
  return `ours ÷ best peer, in all: CPU ${cpu} of ${cheapest}; requests/s ${throughput} of ${fastest}`;
}

/** The peer that adds the least CPU time. */
export function bestPeer(byName, isWanted = () => true) {
  const cpu = name => spread(byName[name].map(round => round.cpu - round.unguarded)).median;
  return best(
    Object.keys(byName).filter(name => isPeer(name) && isWanted(name)),
    cpu,
  );
}

function best(names, cost) {
  return names.reduce((one, other) => (cost(other) < cost(one) ? other : one));
}

/** The run as text: a table a scenario, and how ours stands to the others. */
import { cpus } from 'node:os';
import { difference, ratio, spread } from './statistics.mjs';
import { shown, table } from './table.mjs';

const heads = ['', 'requests/s', 'CPU µs/request', 'above unguarded', '÷ unguarded', 'ours ÷ it, CPU above', 'p99 ms'];

export function report(rounds, { scenarios, servers, count, amount }) {
  const names = servers.map(({ name }) => name);
  const intro = `Node ${process.version}, ${cpus().length} × ${cpus()[0].model}; ${count} rounds of ${amount} requests; median (min–max)`;
  const parts = scenarios.map(({ title }) => {
    const of = (name, figure) => rounds.get(`${title}|${name}`).map(round => round[figure]);
    return `${title}\n${table(
      heads,
      names.map(name => row(name, of)),
    )}\n${verdict(names, of)}`;
  });
  return [intro, ...parts].join('\n\n');
}

function row(name, of) {
  const bare = of('unguarded', 'cpu');
  const cpu = of(name, 'cpu');
  const measured = [shown(spread(of(name, 'throughput'))), shown(spread(cpu), 1)];
  const p99 = shown(spread(of(name, 'p99')));
  if (name === 'unguarded') return [name, ...measured, '', '', '', p99];
  const above = difference(cpu, bare);
  const ourAbove = difference(of('ours', 'cpu'), bare);
  return [
    name,
    ...measured,
    shown(spread(above), 1),
    shown(ratio(above, bare), 3),
    shown(ratio(ourAbove, above), 2),
    p99,
  ];
}

function verdict(names, of) {
  const peers = names.filter(name => name !== 'unguarded' && !name.startsWith('ours'));
  if (peers.length === 0) return '';
  const cheapest = best(peers, name => spread(of(name, 'cpu')).median);
  const fastest = best(peers, name => -spread(of(name, 'throughput')).median);
  const cpu = shown(ratio(of('ours', 'cpu'), of(cheapest, 'cpu')), 2);
  const throughput = shown(ratio(of('ours', 'throughput'), of(fastest, 'throughput')), 2);
  return `ours ÷ best peer: CPU ${cpu} of ${cheapest}; requests/s ${throughput} of ${fastest}`;
}

function best(names, cost) {
  return names.reduce((one, other) => (cost(other) < cost(one) ? other : one));
}

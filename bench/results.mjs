/** RESULTS.md and results.svg, written by the run; results.json keeps each Node's figures, so that one run adds to another. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { plot } from './plot.mjs';
import { raceTables } from './report.mjs';
import { shown } from './table.mjs';
import { targets } from './targets.mjs';

const file = name => new URL(name, import.meta.url);

/** @param section what one Node's run measured: `{ node, machine, how, rounds, figures }` */
export function keep(section) {
  const known = keptSections();
  const others = known.filter(one => major(one) !== major(section));
  const sections = [...others, section].sort((one, other) => major(one) - major(other));
  writeFileSync(file('results.json'), `${JSON.stringify(sections)}\n`);
  writeFileSync(file('RESULTS.md'), page(sections));
  writeFileSync(file('results.svg'), plot(sections));
}

/** Adds figures to what a whole run on the same Node has measured. */
export function add(node, figures) {
  const section = keptSections().find(one => major(one) === major({ node }));
  if (section === undefined) throw new Error(`There is no run on Node ${node} yet: npm run bench:all`);
  keep({ ...section, figures: { ...section.figures, ...figures } });
}

function keptSections() {
  return existsSync(file('results.json')) ? JSON.parse(readFileSync(file('results.json'), 'utf8')) : [];
}

function major({ node }) {
  return Number(node.split('.')[0]);
}

function page(sections) {
  return `${[intro, ...sections.flatMap(sectionText)].join('\n\n')}\n`;
}

const intro = `# Figures

Written by \`npm run bench:all\`. Each contestant guards the same routing-controllers route on the same Express, in a process
of its own; the requests come from another. A round asks everybody for everything, in slices, one after the other, so that
what else happens on the machine happens to all of them. Cells are the median of the rounds (smallest–largest).

*Above unguarded* is the CPU time of the server's process per request, all of its threads, minus that of the same route
without a guard in the same process, asked in turn, slice by slice; what a process happens to be like is the same for both.
A refused request runs no handler: beside it stands *a bare 401*, a guard that looks at nothing. Requests per second and
latency are of 16 connections, and depend on the machine's other work; CPU time hardly does.

Two things are kept out of it, since they are no guard's work. The process that asks never sleeps: waking it would be
charged to the server, and only to a server that answers slowly enough for it to fall asleep. And the servers run with
\`--no-memory-reducer\`: V8 tidies a process up that pauses, as each does here while the others have their turn.

![CPU time per request above the unguarded route](results.svg)`;

function sectionText({ node, machine, how, rounds, figures }) {
  const values = Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, figure.values]));
  return [
    `## Node ${node}\n\n${machine}; ${how}`,
    `### Targets\n\n${markdown(['', 'at most', 'is', ''], targets(rounds, values).map(targetCells))}`,
    ...raceTables(rounds).map(
      ({ title, heads, rows, verdict }) => `### ${title}\n\n${markdown(heads, rows)}\n\n${verdict}`,
    ),
    ...Object.values(figures).map(({ title, heads, rows }) => `### ${title}\n\n${markdown(heads, rows)}`),
  ];
}

function targetCells({ what, most, found, isMet }) {
  const is = found.min === found.max ? found.median.toFixed(2) : shown(found, 2);
  return [what, String(most), is, isMet ? 'met' : '**missed**'];
}

function markdown(heads, rows) {
  const line = cells => `| ${cells.join(' | ')} |`;
  const rule = heads.map((_, column) => (column === 0 ? '---' : '--:'));
  return [heads, rule, ...rows].map(line).join('\n');
}

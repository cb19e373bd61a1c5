/** The race as a picture: CPU time per request above the unguarded route, a group of bars a scenario. */
import { bounds } from './contestants.mjs';
import { difference, spread } from './statistics.mjs';

const [left, right, barHeight, groupGap, titleHeight] = [230, 150, 14, 18, 20];
const width = 900;
const colors = { ours: '#0b7a4b', peer: '#8a94a3' };

/** @param sections `{ node, rounds }` each */
export function plot(sections) {
  const bars = sections.flatMap(({ node, rounds }) =>
    Object.entries(rounds).map(([title, byName]) => ({ title: `${title} (Node ${node})`, bars: barsOf(byName) })),
  );
  const most = Math.max(...bars.flatMap(group => group.bars.map(({ micros }) => micros)));
  const drawn = [];
  let y = 60;
  for (const group of bars) {
    drawn.push(drawGroup(group, y, most));
    y += titleHeight + group.bars.length * barHeight + groupGap;
  }
  return page(y, drawn);
}

function barsOf(byName) {
  const of = (name, figure) => byName[name].map(round => round[figure]);
  return Object.keys(byName)
    .filter(name => !bounds.includes(name))
    .map(name => ({ name, micros: spread(difference(of(name, 'cpu'), of(name, 'unguarded'))).median }));
}

function drawGroup({ title, bars }, y, most) {
  const scale = (width - left - right) / most;
  const lines = bars.map(({ name, micros }, index) => {
    const top = y + titleHeight + index * barHeight;
    const length = Math.max(1, micros * scale).toFixed(1);
    const color = name.startsWith('ours') ? colors.ours : colors.peer;
    return [
      text(left - 8, top + 10, name, 'text-anchor="end"'),
      `<rect x="${left}" y="${top + 1}" width="${length}" height="${barHeight - 3}" fill="${color}"/>`,
      text(left + Number(length) + 6, top + 10, `${micros.toFixed(1)} µs`),
    ].join('');
  });
  return text(left, y + 12, title, 'font-weight="bold"') + lines.join('');
}

function page(height, drawn) {
  const title = text(left, 24, 'CPU time per request above the unguarded route', 'font-size="16" font-weight="bold"');
  const note = text(left, 42, 'median of interleaved rounds; shorter is better');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" role="img">`,
    `<title>CPU time per request above the unguarded route, by scenario and library</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    title,
    note,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function text(x, y, said, attributes = '') {
  const escaped = said.replace(/[&<>]/g, sign => `&#${sign.charCodeAt(0)};`);
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}

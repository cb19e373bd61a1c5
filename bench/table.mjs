/** Text in columns; the first is flush left, the others flush right. */

export function table(heads, rows) {
  const lines = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map(line => line[column].length)));
  const padded = line => line.map((cell, column) => pad(cell, widths[column], column)).join('  ');
  const [head, ...others] = lines.map(padded);
  return [head, '-'.repeat(head.length), ...others].join('\n');
}

function pad(cell, width, column) {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** A median with its smallest and largest round. */
export function shown({ median, min, max }, digits = 0) {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

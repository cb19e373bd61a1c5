/** What a list of rounds comes to. */

export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** Round by round: what happened to the machine in a round happened to both. */
export function ratio(these, those) {
  return spread(these.map((value, round) => value / those[round]));
}

export function difference(these, those) {
  return these.map((value, round) => value - those[round]);
}

/** The geometric mean: of ratios, whichever way round they are. */
export function geometric(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

export function percentile(values, share) {
  return values.sort((a, b) => a - b)[Math.floor(values.length * share)];
}

/** Adds one slice of a round to its sums. */
export function add(sums, { cpu, seconds, latencies, unguarded = 0 }) {
  sums.cpu += cpu;
  if ('unguarded' in sums) sums.unguarded += unguarded;
  sums.seconds += seconds;
  sums.latencies.push(...latencies);
}

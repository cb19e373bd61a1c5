/** What the figures are to come to, and whether they do. */
import { bestPeer } from './report.mjs';
import { difference, ratio, spread } from './statistics.mjs';
import { algorithms } from './tokens.mjs';

/**
 * @param rounds of the race, by scenario and contestant
 * @param values of the other figures, by figure
 * @returns a row a target: what, the most it may be, what it is, how far the rounds lie apart
 */
export function targets(rounds, values) {
  const ofTokens = [...algorithms.flatMap(alg => ofGoodTokens(rounds, alg)), ...ofRefused(rounds)];
  return [...ofTokens, ...ofFigures(values), ...ofScale(values)];
}

function ofGoodTokens(rounds, alg) {
  const [repeated, distinct] = [`${alg}, one token, repeated`, `${alg}, all tokens distinct`];
  const isWeb = name => name.includes('WebCrypto');
  return [
    row(`${repeated}: CPU above unguarded ÷ the unguarded request's own`, 0.06, shareOfUnguarded(rounds[repeated])),
    beside(`${repeated}: CPU above unguarded ÷ the best peer's`, 0.2, rounds[repeated]),
    beside(`${distinct}: CPU above unguarded ÷ the best peer's`, 1.05, rounds[distinct]),
    beside(`${distinct}: CPU above unguarded ÷ the best of WebCrypto`, 0.8, rounds[distinct], isWeb),
  ];
}

function ofRefused(rounds) {
  const most = { expired: 0.5, 'foreign issuer': 0.5, 'wrong audience': 0.5, malformed: 1 };
  return Object.entries(most).map(([what, limit]) =>
    beside(`refused, ${what}: CPU above unguarded ÷ the best peer's`, limit, rounds[`refused: ${what}`]),
  );
}

function ofFigures({ memory, issuers, 'start-up': start, outage, throttle, ...others }) {
  return [
    ...ofWholeRequests(others),
    row('10,000 verified tokens, MiB of heap', 30, one(memory.cachedMiB)),
    row('10,000 verified tokens, MiB of resident memory', 30, one(memory.cachedRssMiB)),
    row('heap after 1,000,000 distinct tokens ÷ after 50,000', 1.1, one(memory.lateToEarly)),
    row('1,000 issuers ÷ 1: CPU of a request with a known token', 1.2, issuers.known),
    row('1,000 issuers ÷ 1: CPU of a request with a new token', 1.2, issuers.new),
    row('startup of 1,000 × 5 actions ÷ stock: CPU of the main thread', 2, one(start.startUp)),
    row('a throttle in memory: CPU with it ÷ without', 1.05, throttle.cpu),
    row('issuer stopped: failed requests', 0, one(outage.failed)),
    row('issuer stopped: p99 ÷ p99 before', 2, one(outage.p99)),
  ];
}

// A Node's section may be older than these.
function ofScale({ scale, processes, 'local-copy': copy, dpop }) {
  return [
    ...(dpop === undefined ? [] : dpopRows(dpop)),
    ...(scale === undefined ? [] : scaleRows(scale)),
    ...(processes === undefined ? [] : processRows(processes)),
    ...(copy === undefined ? [] : copyRows(copy)),
  ];
}

function dpopRows(byAlgorithm) {
  return Object.entries(byAlgorithm).flatMap(([alg, { accepted, dearestRefusal }]) => [
    row(`DPoP, ${alg}, known token and key: CPU ÷ (a guarded request and one crypto.verify)`, 1.3, accepted),
    row(`DPoP, ${alg}: CPU of the dearest refused proof ÷ an accepted one`, 1, one(dearestRefusal)),
  ]);
}

function scaleRows({ postgres, redis, denylistRoundTrips }) {
  return [
    row('a refresh among 1,000,000 families ÷ among 1,000, PostgreSQL', 1.2, postgres),
    row('a refresh among 1,000,000 families ÷ among 1,000, Redis', 1.2, redis),
    row('a denylist of 1,000,000 entries in Redis: round trips a request', 1, one(denylistRoundTrips)),
  ];
}

function processRows({ surplus, roundTrips }) {
  return [
    row('four processes, one throttle in Redis: requests off the exact count', 0, one(surplus)),
    row('four processes, one throttle in Redis: round trips a request', 1, one(roundTrips)),
  ];
}

function copyRows({ known, new: fresh }) {
  return [
    row('a local copy of the denylist: CPU with it ÷ without, known token', 1.05, known),
    row('a local copy of the denylist: CPU with it ÷ without, new token', 1.05, fresh),
  ];
}

// A section that was measured before these figures has none of them.
function ofWholeRequests({ 'whole-request': whole, 'in-process': inside }) {
  if (whole === undefined || inside === undefined) return [];
  return [
    row('a whole request, guarded ÷ bare Express: CPU', 1, one(whole.toBare)),
    row('a whole request, guarded ÷ stock without a guard: CPU', 0.82, one(whole.toStock)),
    row('a whole request, a rule in a getter ÷ in a field: CPU', 1.03, one(whole.getter)),
    row('in process, with 100 more routes, guarded ÷ bare Express: CPU', 1.05, one(inside.amongMany)),
    row('in process, a 403 ÷ an allowed request: CPU', 1.3, inside.refused),
  ];
}

function shareOfUnguarded(byName) {
  return ratio(above(byName, 'ours'), of(byName, 'ours', 'unguarded'));
}

function beside(what, most, byName, isWanted) {
  const peer = bestPeer(byName, isWanted);
  return row(`${what}, ${peer}`, most, ratio(above(byName, 'ours'), above(byName, peer)));
}

function above(byName, name) {
  return difference(of(byName, name, 'cpu'), of(byName, name, 'unguarded'));
}

function of(byName, name, figure) {
  return byName[name].map(round => round[figure]);
}

function one(value) {
  return { median: value, min: value, max: value };
}

function row(what, most, found) {
  return { what, most, found, isMet: found.median <= most };
}

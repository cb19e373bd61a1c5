/** Reports decisions and key refreshes as metrics of prom-client: `axioms-routing-controllers/prometheus`. */
import { Counter, Gauge, Histogram, register, type Registry } from 'prom-client';
import { decisions, keyRefreshes, type DecisionEvent, type JwksEvent } from '../core/reports/events';

/**
 * Starts to record every decision and every refresh of keys:
 * - `axioms_decisions_total`, a counter by outcome, reason, issuer, route, method and status;
 * - `axioms_decision_duration_seconds`, a histogram by outcome, route and method;
 * - `axioms_jwks_refreshes_total`, a counter by issuer, outcome and kind of failure;
 * - `axioms_jwks_keys`, a gauge by issuer.
 *
 * @param registry default: prom-client's global registry
 * @returns a function that stops recording and removes the metrics from the registry
 * @example
 * const stop = measureWithPrometheus();
 */
export function measureWithPrometheus(registry: Registry = register): () => void {
  const ends = [decisions.subscribe(decisionMeasure(registry)), keyRefreshes.subscribe(refreshMeasure(registry))];
  return () => {
    for (const end of ends) end();
    for (const name of names) registry.removeSingleMetric(name);
  };
}

const names = [
  'axioms_decisions_total',
  'axioms_decision_duration_seconds',
  'axioms_jwks_refreshes_total',
  'axioms_jwks_keys',
] as const;

function decisionMeasure(registry: Registry): (event: DecisionEvent) => void {
  const registers = [registry];
  const count = new Counter({
    name: names[0],
    help: 'Guarded requests by what came of them',
    labelNames: ['outcome', 'reason', 'issuer', 'route', 'method', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: names[1],
    help: 'Time spent on deciding',
    labelNames: ['outcome', 'route', 'method'],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  return event => {
    const { outcome, reason, issuer = '', status = '', route } = event;
    const where = { outcome, route: route.path, method: route.method };
    count.inc({ ...where, reason, issuer, status });
    duration.observe(where, event.duration / 1000);
  };
}

function refreshMeasure(registry: Registry): (event: JwksEvent) => void {
  const registers = [registry];
  const count = new Counter({
    name: names[2],
    help: "Fetches of an issuer's keys",
    labelNames: ['issuer', 'outcome', 'failure'],
    registers,
  });
  const keys = new Gauge({
    name: names[3],
    help: "Usable keys in an issuer's key set",
    labelNames: ['issuer'],
    registers,
  });
  return event => {
    const { issuer, outcome, failure = '' } = event;
    count.inc({ issuer, outcome, failure });
    keys.set({ issuer }, event.keys);
  };
}

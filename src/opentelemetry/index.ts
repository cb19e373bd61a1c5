/** Reports decisions and key refreshes as OpenTelemetry metrics: `axioms-routing-controllers/opentelemetry`. */
import { metrics, type Attributes, type Meter } from '@opentelemetry/api';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { decisions, keyRefreshes, type DecisionEvent, type JwksEvent } from '../core/reports/events';

/**
 * Starts to record every decision and every refresh of keys:
 * - `axioms.decisions`, a counter by outcome, reason, issuer, route, method and status;
 * - `axioms.decision.duration`, a histogram of seconds by outcome, route and method;
 * - `axioms.jwks.refreshes`, a counter by issuer, outcome and kind of failure;
 * - `axioms.jwks.keys`, a gauge by issuer.
 *
 * @param meter default: the global provider's, also if it is set later, such as by `sdk.start()`
 * @returns a function that stops recording
 * @throws ImproperlyConfigured if the meter has no gauges; `@opentelemetry/api` has them since version 1.9
 * @example
 * const stop = measureWithOpenTelemetry();
 */
export function measureWithOpenTelemetry(meter?: Meter): () => void {
  requireGauges(meter ?? globalMeter());
  const ends = [
    decisions.subscribe(measuring(decisionMeasure, meter)),
    keyRefreshes.subscribe(measuring(refreshMeasure, meter)),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function globalMeter(): Meter {
  return metrics.getMeter('axioms-routing-controllers');
}

// Instruments that are created before the SDK sets its provider never record anything. They are created again when the
// provider changes.
function measuring<Event>(measure: (meter: Meter) => (event: Event) => void, given?: Meter): (event: Event) => void {
  if (given !== undefined) return measure(given);
  let provider = metrics.getMeterProvider();
  let note = measure(globalMeter());
  return event => {
    const current = metrics.getMeterProvider();
    if (current !== provider) note = measure(globalMeter());
    provider = current;
    note(event);
  };
}

function requireGauges(meter: Partial<Meter>): void {
  if (meter.createGauge !== undefined) return;
  throw new ImproperlyConfigured(
    "measureWithOpenTelemetry(): the meter has no createGauge(); install version 1.9 or newer of '@opentelemetry/api', and a metrics SDK that is as new.",
  );
}

function decisionMeasure(meter: Meter): (event: DecisionEvent) => void {
  const count = meter.createCounter('axioms.decisions', { description: 'Guarded requests by what came of them' });
  const duration = meter.createHistogram('axioms.decision.duration', {
    description: 'Time spent on deciding',
    unit: 's',
    advice: { explicitBucketBoundaries: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] },
  });
  return event => {
    const { outcome, reason, issuer, status, route } = event;
    const where: Attributes = {
      'axioms.outcome': outcome,
      'http.route': route.path,
      'http.request.method': route.method,
    };
    count.add(1, { ...where, 'axioms.reason': reason, 'axioms.issuer': issuer, 'http.response.status_code': status });
    duration.record(event.duration / 1000, where);
  };
}

function refreshMeasure(meter: Meter): (event: JwksEvent) => void {
  const count = meter.createCounter('axioms.jwks.refreshes', { description: "Fetches of an issuer's keys" });
  // An SDK that is set later may be older than the API and have no gauges.
  const { createGauge } = meter as Partial<Meter>;
  const keys = createGauge?.call(meter, 'axioms.jwks.keys', { description: "Usable keys in an issuer's key set" });
  return event => {
    const { issuer, outcome, failure } = event;
    count.add(1, { 'axioms.issuer': issuer, 'axioms.outcome': outcome, 'error.type': failure });
    keys?.record(event.keys, { 'axioms.issuer': issuer });
  };
}

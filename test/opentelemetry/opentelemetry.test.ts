import { expect } from 'chai';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { metrics, type Meter } from '@opentelemetry/api';
import { ImproperlyConfigured } from 'axioms-routing-controllers';
import { measureWithOpenTelemetry } from 'axioms-routing-controllers/opentelemetry';
import { decisions, keyRefreshes } from '../../src/core/reports/events';
import { measuredApi } from '../measured-api';

type Point = readonly [attributes: object, value: unknown];

describe('measureWithOpenTelemetry', () => {
  it('counts decisions by reason and refreshes by failure', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const stop = measureWithOpenTelemetry(provider.getMeter('test'));
    const api = await measuredApi();
    const { url } = api.issuer;
    await api.close();
    await provider.forceFlush();
    const points = (name: string): Point[] => pointsOf(exporter, name);

    const where = { 'http.route': '/papers/:id', 'http.request.method': 'GET' };
    const decision = (outcome: string, reason: string, status: number, issuer?: string): object => ({
      ...where,
      'axioms.outcome': outcome,
      'axioms.reason': reason,
      'axioms.issuer': issuer,
      'http.response.status_code': status,
    });
    expect(points('axioms.decisions')).to.deep.equal([
      [decision('allowed', 'ok', 200, url), 2],
      [decision('refused', 'not_authenticated', 401), 1],
      [decision('refused', 'token_expired', 401, url), 1],
    ]);
    const durations = points('axioms.decision.duration').map(([, value]) => value as { count: number; sum: number });
    expect(durations.map(({ count }) => count)).to.deep.equal([2, 2]);
    for (const { sum } of durations) expect(sum).to.be.within(0, 20);
    expect(points('axioms.jwks.refreshes')).to.deep.equal([
      [{ 'axioms.issuer': url, 'axioms.outcome': 'refreshed', 'error.type': undefined }, 1],
      [{ 'axioms.issuer': url, 'axioms.outcome': 'failed', 'error.type': 'status' }, 1],
    ]);
    expect(points('axioms.jwks.keys')).to.deep.equal([[{ 'axioms.issuer': url }, 1]]);
    stop();
    await provider.shutdown();
    expect([decisions.hasSubscribers, keyRefreshes.hasSubscribers]).to.deep.equal([false, false]);
  });

  it('uses the global provider where no meter is given', () => {
    measureWithOpenTelemetry()();
  });

  for (const [when, isBefore] of Object.entries({ before: true, after: false }))
    it(`measures where it is called ${when} the SDK has set the global provider`, async () => {
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
      const provider = new MeterProvider({ readers: [reader] });
      const early = isBefore ? measureWithOpenTelemetry() : undefined;
      metrics.setGlobalMeterProvider(provider);
      const stop = early ?? measureWithOpenTelemetry();
      await (await measuredApi()).close();
      await provider.forceFlush();
      stop();
      metrics.disable();
      const counts = pointsOf(exporter, 'axioms.decisions').map(([, value]) => value);
      expect(counts).to.deep.equal([2, 1, 1]);
      expect(pointsOf(exporter, 'axioms.jwks.keys').map(([, value]) => value)).to.deep.equal([1]);
      expect(pointsOf(exporter, 'axioms.jwks.refreshes')).to.have.length(2);
      await provider.shutdown();
    });

  it('measures decisions where the SDK that is set later has no gauges', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const stop = measureWithOpenTelemetry();
    const meter = Object.assign(provider.getMeter('older'), { createGauge: undefined });
    metrics.setGlobalMeterProvider({ getMeter: () => meter });
    await (await measuredApi()).close();
    await provider.forceFlush();
    stop();
    metrics.disable();
    expect(pointsOf(exporter, 'axioms.decisions').map(([, value]) => value)).to.deep.equal([2, 1, 1]);
    expect(pointsOf(exporter, 'axioms.jwks.refreshes')).to.have.length(2);
    await provider.shutdown();
  });

  it('says which version is needed where the meter of an older one has no gauges, and measures nothing', () => {
    const older = Object.assign(Object.create(metrics.getMeter('older')) as Meter, { createGauge: undefined });
    expect(() => measureWithOpenTelemetry(older)).to.throw(
      ImproperlyConfigured,
      "version 1.9 or newer of '@opentelemetry",
    );
    expect([decisions.hasSubscribers, keyRefreshes.hasSubscribers]).to.deep.equal([false, false]);
  });
});

function pointsOf(exporter: InMemoryMetricExporter, name: string): Point[] {
  const measured =
    exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? [];
  const { dataPoints = [] } = measured.find(({ descriptor }) => descriptor.name === name) ?? {};
  return dataPoints.map(({ attributes, value }) => [attributes, value]);
}

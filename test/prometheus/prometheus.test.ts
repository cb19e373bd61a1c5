import { expect } from 'chai';
import { register, Registry } from 'prom-client';
import { measureWithPrometheus } from 'axioms-routing-controllers/prometheus';
import { decisions, keyRefreshes } from '../../src/core/reports/events';
import { measuredApi } from '../measured-api';

describe('measureWithPrometheus', () => {
  it('counts decisions by reason and refreshes by failure', async () => {
    const registry = new Registry();
    const stop = measureWithPrometheus(registry);
    const api = await measuredApi();
    const { url } = api.issuer;
    await api.close();
    const text = await registry.metrics();
    const decision = (labels: string): string =>
      `axioms_decisions_total{outcome="${labels.split(' ')[0]!}",route="/papers/:id",method="GET",reason="${labels.split(' ')[1]!}",`;
    expect(text)
      .to.contain(`${decision('allowed ok')}issuer="${url}",status="200"} 2`)
      .and.to.contain(`${decision('refused not_authenticated')}issuer="",status="401"} 1`)
      .and.to.contain(`${decision('refused token_expired')}issuer="${url}",status="401"} 1`)
      .and.to.contain('axioms_decision_duration_seconds_count{outcome="allowed",route="/papers/:id",method="GET"} 2')
      .and.to.contain(`axioms_jwks_refreshes_total{issuer="${url}",outcome="refreshed",failure=""} 1`)
      .and.to.contain(`axioms_jwks_refreshes_total{issuer="${url}",outcome="failed",failure="status"} 1`)
      .and.to.contain(`axioms_jwks_keys{issuer="${url}"} 1`);
    stop();
    expect(await registry.metrics()).to.equal('\n');
    expect([decisions.hasSubscribers, keyRefreshes.hasSubscribers]).to.deep.equal([false, false]);
  });

  it("uses prom-client's own registry, again after it was stopped", () => {
    measureWithPrometheus()();
    const stop = measureWithPrometheus();
    expect(register.getSingleMetric('axioms_decisions_total')).not.to.equal(undefined);
    stop();
  });
});

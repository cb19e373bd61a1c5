import { expect } from 'chai';
import { FetchFailure } from '../../../src/core/http/bounded-fetch';
import { Discovery, discoverJwksUrl, type Ask } from '../../../src/core/issuers/discovery';
import { RecordingLogger } from '../../issuer/recording-logger';

const issuer = 'https://auth.example/tenant';
const oidcUrl = 'https://auth.example/tenant/.well-known/openid-configuration';
const oauthUrl = 'https://auth.example/.well-known/oauth-authorization-server/tenant';
const metadata = { issuer, jwks_uri: 'https://auth.example/keys' };

/** Answers with these documents; a number is a status, and what is not there is 404. */
function asker(answers: Record<string, unknown>): Ask & { asked: string[] } {
  const asked: string[] = [];
  const ask = (url: string): Promise<unknown> => {
    asked.push(url);
    const answer = answers[url] ?? 404;
    if (typeof answer !== 'number') return Promise.resolve(answer);
    return Promise.reject(new FetchFailure('status', url, `answers with status ${answer}`, answer));
  };
  return Object.assign(ask, { asked });
}

async function failureOf(attempt: Promise<unknown>): Promise<FetchFailure> {
  const failure = await attempt.catch((error: unknown) => error);
  expect(failure).to.be.instanceOf(FetchFailure);
  return failure as FetchFailure;
}

describe('discoverJwksUrl', () => {
  it('asks OIDC discovery first', async () => {
    const ask = asker({ [oidcUrl]: metadata });
    expect(await discoverJwksUrl(issuer, ask, [])).to.equal(metadata.jwks_uri);
    expect(ask.asked).to.deep.equal([oidcUrl]);
  });

  it('asks RFC 8414 where OIDC discovery is 404', async () => {
    const ask = asker({ [oauthUrl]: metadata });
    expect(await discoverJwksUrl(issuer, ask, [])).to.equal(metadata.jwks_uri);
    expect(ask.asked).to.deep.equal([oidcUrl, oauthUrl]);
  });

  it('finds nothing where both are 404', async () => {
    expect(await discoverJwksUrl(issuer, asker({}), [])).to.equal(undefined);
  });

  it('joins an issuer that ends in a slash cleanly', async () => {
    const ask = asker({});
    await discoverJwksUrl('https://auth.example/', ask, []);
    await discoverJwksUrl(`${issuer}/`, ask, []);
    expect(ask.asked).to.deep.equal([
      'https://auth.example/.well-known/openid-configuration',
      'https://auth.example/.well-known/oauth-authorization-server',
      oidcUrl,
      oauthUrl,
    ]);
  });

  for (const status of [400, 401, 403, 410, 429, 500, 503]) {
    it(`takes ${status} for an outage`, async () => {
      const ask = asker({ [oidcUrl]: status, [oauthUrl]: metadata });
      expect(await failureOf(discoverJwksUrl(issuer, ask, []))).to.include({ kind: 'status', status });
      expect(ask.asked).to.deep.equal([oidcUrl]);
    });
  }

  for (const other of [`${issuer}/`, 'https://auth.example/Tenant', 'http://auth.example/tenant', undefined, 7]) {
    it(`refuses the metadata of the issuer ${String(other)}, naming both`, async () => {
      const ask = asker({ [oidcUrl]: { ...metadata, issuer: other } });
      const failure = await failureOf(discoverJwksUrl(issuer, ask, []));
      expect(failure.kind).to.equal('content');
      expect(failure.message)
        .to.contain(`'${issuer}'`)
        .and.to.contain(typeof other === 'string' ? other : 'none');
    });
  }

  for (const jwksUri of [
    undefined,
    7,
    '',
    '/keys',
    'http://auth.example/keys',
    'http://127.0.0.1/keys',
    'file:///keys',
    'https://user:pass@auth.example/keys',
  ]) {
    it(`refuses the jwks_uri ${String(jwksUri)}`, async () => {
      const ask = asker({ [oidcUrl]: { ...metadata, jwks_uri: jwksUri } });
      expect((await failureOf(discoverJwksUrl(issuer, ask, []))).kind).to.equal('content');
    });
  }

  it('accepts an http: jwks_uri that is spelled out', async () => {
    const jwksUri = 'http://auth.example/keys';
    const ask = asker({ [oidcUrl]: { ...metadata, jwks_uri: jwksUri } });
    expect(await discoverJwksUrl(issuer, ask, [jwksUri])).to.equal(jwksUri);
  });

  for (const document of [null, [], 'text', 7]) {
    it(`refuses the metadata ${JSON.stringify(document)}`, async () => {
      const ask: Ask = () => Promise.resolve(document);
      expect((await failureOf(discoverJwksUrl(issuer, ask, []))).kind).to.equal('parse');
    });
  }
});

describe('Discovery', () => {
  const day = 24 * 60 * 60 * 1000;
  const elsewhere = { ...metadata, jwks_uri: 'https://auth.example/new-keys' };
  const place = { issuer, jwksUrl: undefined, allowInsecureUrls: [], logger: new RecordingLogger() };

  it('asks nothing where the key URL is configured', async () => {
    const ask = asker({});
    const discovery = new Discovery({ ...place, jwksUrl: 'https://auth.example/configured' });
    discovery.doubt();
    expect(await discovery.locate(ask, 0)).to.equal('https://auth.example/configured');
    expect(ask.asked).to.deep.equal([]);
  });

  it('asks again after a day', async () => {
    const discovery = new Discovery(place);
    expect(await discovery.locate(asker({ [oidcUrl]: metadata }), 0)).to.equal(metadata.jwks_uri);
    expect(await discovery.locate(asker({ [oidcUrl]: elsewhere }), day - 1)).to.equal(metadata.jwks_uri);
    expect(await discovery.locate(asker({ [oidcUrl]: elsewhere }), day)).to.equal(elsewhere.jwks_uri);
  });

  it('asks again when it is doubted', async () => {
    const discovery = new Discovery(place);
    await discovery.locate(asker({ [oidcUrl]: metadata }), 0);
    discovery.doubt();
    expect(await discovery.locate(asker({ [oidcUrl]: elsewhere }), 1)).to.equal(elsewhere.jwks_uri);
  });

  for (const [title, answers] of [
    ['fails', { [oidcUrl]: 500 }],
    ['is 404', {}],
    ['is refused', { [oidcUrl]: { ...metadata, issuer: 'https://other.example' } }],
  ] as [string, Record<string, unknown>][]) {
    it(`keeps the last known key URL where a repeated discovery ${title}`, async () => {
      const discovery = new Discovery(place);
      await discovery.locate(asker({ [oidcUrl]: metadata }), 0);
      discovery.doubt();
      expect(await discovery.locate(asker(answers), 1)).to.equal(metadata.jwks_uri);
    });
  }

  for (const [kind, times] of [
    ['network', 1],
    ['closed', 0],
  ] as const) {
    it(`warns ${times} times where a repeated discovery fails as ${kind}`, async () => {
      const logger = new RecordingLogger();
      const discovery = new Discovery({ ...place, logger });
      await discovery.locate(asker({ [oidcUrl]: metadata }), 0);
      discovery.doubt();
      const failing: Ask = url => Promise.reject(new FetchFailure(kind, url, 'no'));
      expect(await discovery.locate(failing, 1)).to.equal(metadata.jwks_uri);
      expect(logger.entries).to.have.length(times);
    });
  }

  it('asks again at once where the first discovery failed', async () => {
    const discovery = new Discovery(place);
    await failureOf(discovery.locate(asker({ [oidcUrl]: 500 }), 0));
    expect(await discovery.locate(asker({ [oidcUrl]: metadata }), 1)).to.equal(metadata.jwks_uri);
  });

  it('falls back to the usual place where there is no metadata', async () => {
    const discovery = new Discovery({ ...place, issuer: 'https://auth.example/' });
    expect(await discovery.locate(asker({}), 0)).to.equal('https://auth.example/.well-known/jwks.json');
  });
});

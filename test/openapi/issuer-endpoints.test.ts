import { expect } from 'chai';
import { defineSettings, type SettingsInput } from 'axioms-routing-controllers';
import { IssuerEndpoints } from '../../src/openapi/issuer-endpoints';
import { eventually, FakeTime } from '../issuer/fake-time';
import { RecordingLogger } from '../issuer/recording-logger';
import { down, oidcPath, ok, ScriptedIssuer, type Mode } from '../issuer/scripted-issuer';

describe('the endpoints of an issuer', () => {
  let issuer: ScriptedIssuer;
  let time: FakeTime;
  let logger: RecordingLogger;
  let endpoints: IssuerEndpoints;

  beforeEach(async () => {
    issuer = await ScriptedIssuer.start();
    issuer.metadata = { authorization_endpoint: `${issuer.url}/authorize`, token_endpoint: `${issuer.url}/token` };
    time = new FakeTime();
    logger = new RecordingLogger();
    endpoints = made({});
  });
  afterEach(() => issuer.close());

  const surroundings = () => ({ fetch: globalThis.fetch, monotonic: time.clock, timers: time.timers });

  function made(axioms: SettingsInput): IssuerEndpoints {
    const settings = defineSettings({ audience: 'api', issuerUrl: issuer.url, logger, ...axioms });
    return new IssuerEndpoints(settings, surroundings());
  }

  async function signIn() {
    const [found] = await endpoints.find();
    expect(found?.issuer).to.equal(issuer.url);
    return found?.signIn;
  }

  const known = () => ({ authorizationUrl: `${issuer.url}/authorize`, tokenUrl: `${issuer.url}/token` });

  it('are asked for once a day, however many want them', async () => {
    const found = await Promise.all([endpoints.find(), endpoints.find(), endpoints.find()]);
    expect(found[0][0]?.signIn).to.deep.equal(known());
    time.advance(23 * 3600);
    await endpoints.find();
    expect(issuer.count(oidcPath)).to.equal(1);
    time.advance(2 * 3600);
    await endpoints.find();
    expect(issuer.count(oidcPath)).to.equal(2);
  });

  it('are left out while the issuer is down, and asked for again after the cooldown', async () => {
    issuer.metadataMode = down;
    expect(await signIn()).to.equal(undefined);
    expect(await signIn()).to.equal(undefined);
    expect(issuer.count(oidcPath)).to.equal(1);
    expect(logger.text('warn')).to.contain('answers with status 500');
    issuer.metadataMode = ok;
    time.advance(31);
    expect(await signIn()).to.deep.equal(known());
  });

  it('stay known through an outage', async () => {
    await signIn();
    issuer.metadataMode = down;
    time.advance(25 * 3600);
    expect(await signIn()).to.deep.equal(known());
    expect(issuer.count(oidcPath)).to.equal(2);
  });

  it('are waited for no longer than jwksTimeout', async () => {
    issuer.metadataMode = { is: 'hang' };
    const waiting = signIn();
    await eventually(() => issuer.openRequests === 1);
    time.advance(6);
    expect(await waiting).to.equal(undefined);
    expect(time.waiting).to.equal(0);
  });

  for (const [what, metadata] of [
    ['a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['plain HTTP to elsewhere', { token_endpoint: 'http://elsewhere.example/token' }],
    ['no URL', { authorization_endpoint: '/authorize' }],
    ['no text', { token_endpoint: 7 }],
    ['no token endpoint', { token_endpoint: undefined }],
    ['another issuer', { issuer: 'https://elsewhere.example' }],
  ] as const)
    it(`are left out where the metadata has ${what}`, async () => {
      issuer.metadata = { ...issuer.metadata, ...metadata };
      expect(await signIn()).to.equal(undefined);
    });

  for (const [what, signInEndpoint, expected] of [
    ['its own', '/auth/sign-in/', '/auth/sign-in/'],
    ['a script', 'javascript:alert(1)', undefined],
    ['plain HTTP to elsewhere', 'http://elsewhere.example/sign-in', undefined],
  ] as const)
    it(`have the sign_in_endpoint of a token microservice, if it is acceptable: ${what}`, async () => {
      const url = signInEndpoint.startsWith('/') ? `${issuer.url}${signInEndpoint}` : signInEndpoint;
      issuer.metadata = { sign_in_endpoint: url };
      const [found] = await endpoints.find();
      expect(found).to.deep.equal({
        issuer: issuer.url,
        signIn: undefined,
        signInEndpoint: expected && `${issuer.url}${expected}`,
      });
    });

  for (const mode of [{ is: 'html' }, { is: 'redirect', status: 302 }, { is: 'document', document: [] }] as Mode[])
    it(`are left out where the issuer answers badly: ${mode.is}`, async () => {
      issuer.metadataMode = mode;
      expect(await signIn()).to.equal(undefined);
    });

  it('are left out where the issuer has no metadata, or there is only a key URL', async () => {
    issuer.metadataMode = { is: 'status', status: 404 };
    expect(await signIn()).to.equal(undefined);
    const nameless = new IssuerEndpoints(
      defineSettings({ audience: 'api', jwksUrl: issuer.jwksUrl, logger }),
      surroundings(),
    );
    expect(await nameless.find()).to.deep.equal([]);
  });
});

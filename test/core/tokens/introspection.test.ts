import { expect } from 'chai';
import type { FetchFailure } from '../../../src/core/http/bounded-fetch';
import { InvalidToken, ServiceUnavailable } from '../../../src/core/http/exceptions';
import { TokenIntrospector } from '../../../src/core/tokens/introspection';
import { JwksManager } from '../../../src/core/issuers/jwks-manager';
import { defineSettings } from '../../../src/core/settings/define-settings';
import type { SettingsInput } from '../../../src/core/settings/settings';
import { silentLogger } from '../../issuer/test-issuer';

function introspectorWith(fetch: typeof globalThis.fetch, input: Partial<SettingsInput> = {}): TokenIntrospector {
  const settings = defineSettings({
    audience: 'api',
    issuerUrl: 'https://auth.example.com',
    introspectionUrl: 'https://auth.example.com/introspect',
    introspectionClientId: 'api',
    introspectionClientSecret: 'secret',
    logger: silentLogger,
    ...input,
  });
  return Object.assign(new TokenIntrospector(settings, new JwksManager(settings)), { fetch });
}

/** Why the issuer could not be asked. */
async function failureOf(introspector: TokenIntrospector, token: string): Promise<FetchFailure> {
  const error: unknown = await introspector.introspect(token).catch((reason: unknown) => reason);
  expect(error).to.be.instanceOf(ServiceUnavailable);
  return (error as ServiceUnavailable).cause as FetchFailure;
}

describe('TokenIntrospector', () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  before(() => process.on('warning', listen));
  after(() => process.off('warning', listen));

  it('asks about 1024 tokens at the same time, about no more, and once about each', async () => {
    const introspector = introspectorWith(() => new Promise(() => undefined));
    const waiting = Array.from({ length: 1024 }, (_, index) => failureOf(introspector, `token-${index}`));
    const joining = failureOf(introspector, 'token-0');
    expect((await failureOf(introspector, 'one-more')).message).to.contain('too many introspections');
    introspector.close();
    for (const { kind } of await Promise.all([...waiting, joining])) expect(kind).to.equal('closed');
    expect(warnings).to.deep.equal([]);
  });

  it('gives another site the place of the latest token of the site with the most', async () => {
    const said = { active: true, sub: 'alice', aud: 'api', token_type: 'Bearer' };
    const introspector = introspectorWith((_, { body } = {}) =>
      (body as URLSearchParams).toString().includes('of-alice')
        ? Promise.resolve(Response.json(said))
        : new Promise(() => undefined),
    );
    const outcomes = Array.from({ length: 1024 }, (_, index) =>
      introspector.introspect(`junk-${index}`, '203.0.113.0/24').catch((reason: unknown) => reason),
    );
    expect(await introspector.introspect('of-alice', '192.0.2.0/24')).to.include({ sub: 'alice' });
    expect(await outcomes.at(-1)).to.be.instanceOf(ServiceUnavailable);
    expect(await Promise.race([outcomes[0], Promise.resolve('waiting')])).to.equal('waiting');
    introspector.close();
    await Promise.all(outcomes);
    expect(warnings).to.deep.equal([]);
  });

  for (const [title, answer, seconds] of [
    ['an active token', { active: true, sub: 'alice', aud: 'api', token_type: 'Bearer' }, 60],
    ['an inactive token', { active: false }, 5],
  ] as const)
    it(`remembers ${title} no longer where the clock is set back by three hours`, async () => {
      let [asks, wall, steady] = [0, Date.now(), 0];
      const introspector = introspectorWith(() => Promise.resolve(Response.json(answer)).finally(() => asks++), {
        introspectionCacheTtl: 60,
      });
      Object.assign(introspector, { clock: () => wall, monotonic: () => steady });
      const introspect = (): Promise<unknown> => introspector.introspect('token').catch(() => undefined);
      await introspect();
      wall -= 3 * 3_600_000;
      steady += 1000 * seconds - 1;
      await introspect();
      expect(asks).to.equal(1);
      steady += 1;
      await introspect();
      expect(asks).to.equal(2);
    });

  it('remembers no answer beyond the expiry of its token, by the clock that can be set', async () => {
    let [asks, wall] = [0, Date.now()];
    const answer = { active: true, sub: 'alice', aud: 'api', token_type: 'Bearer', exp: Math.floor(wall / 1000) + 30 };
    const introspector = introspectorWith(() => Promise.resolve(Response.json(answer)).finally(() => asks++));
    Object.assign(introspector, { clock: () => wall, monotonic: () => 0 });
    await introspector.introspect('token');
    wall += 31_000;
    await introspector.introspect('token');
    expect(asks).to.equal(2);
  });

  for (const said of [{}, { active: 'true' }, ['active']])
    it(`says that ${JSON.stringify(said)} is an answer that cannot be believed, and quotes nothing of it`, async () => {
      const { kind, message } = await failureOf(
        introspectorWith(() => Promise.resolve(Response.json(said))),
        'token',
      );
      expect(kind).to.equal('content');
      expect(message).to.contain('https://auth.example.com/introspect').and.not.to.contain(JSON.stringify(said));
    });

  // RFC 7662 makes an audience optional; that nothing names one must not make the rest optional, too.
  for (const [wrong, reason] of [
    [{ iss: 'https://other.example' }, 'token_issuer'],
    [{ sub: undefined }, 'token_subject'],
    [{ cnf: { jkt: 'thumbprint' } }, 'token_bound'],
    [{ token_use: 'id' }, 'token_type'],
    [{ exp: 1 }, 'token_expired'],
    [{}, undefined],
  ] as const)
    it(`judges an answer without an audience like any other: ${JSON.stringify(wrong)}`, async () => {
      const said = { active: true, sub: 'alice', ...wrong };
      const introspector = introspectorWith(() => Promise.resolve(Response.json(said)), {
        introspectionOptionalClaims: ['aud', 'token_type'],
      });
      const judged: unknown = await introspector.introspect('token').catch((error: unknown) => error);
      expect(judged instanceof InvalidToken ? judged.reason : undefined).to.equal(reason);
      if (reason === undefined) expect(judged).to.include({ sub: 'alice', iss: 'https://auth.example.com' });
    });

  it('says what to give where the issuer has no metadata', async () => {
    const missing = introspectorWith(() => Promise.resolve(new Response('', { status: 404 })), {
      introspectionUrl: undefined,
    });
    expect((await failureOf(missing, 'token')).message).to.contain('has no metadata: give introspectionUrl');
  });
});

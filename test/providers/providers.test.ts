import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CurrentUser, Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenUser,
  createExpressServer,
  defineSettings,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { signatureOver, signed, silentLogger, signingKey, TestIssuer, type SigningKey } from '../issuer/test-issuer';
import { expectExactRefusal, invalidToken } from '../refusals';
import { providerPages } from '../../docs/generate/providers';
import { documentedSettings, page, pages, root, snippets } from './documented-settings';

interface Token {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

interface Shape extends Token {
  readonly id: string;
  /** The name of its settings on its page. */
  readonly provider: string;
  readonly why: string;
  /** Default: RS256. */
  readonly alg?: string;
  readonly grants: {
    readonly scopes?: readonly string[];
    readonly roles?: readonly string[];
    readonly permissions?: readonly string[];
    /** The claim that holds the subject, and its value. */
    readonly subject?: readonly [string, string];
  };
}

interface RefusedToken extends Token {
  readonly provider: string;
  readonly title: string;
  /** The `error_description`. */
  readonly because: string;
}

const { shapes, refused } = JSON.parse(readFileSync(join(root, 'test/providers/shapes.json'), 'utf8')) as {
  readonly shapes: readonly Shape[];
  readonly refused: readonly RefusedToken[];
};

let calls = 0;

@JsonController('/me')
class MeController {
  @Get('/')
  show(@CurrentUser() { scopes, roles, permissions, sub, subjectClaim }: AccessTokenUser) {
    calls++;
    return { scopes, roles, permissions, subject: [subjectClaim, sub] };
  }
}

/** The first issuer of the settings, and the audience that its tokens have. */
function namesOf({ issuers, issuerUrl, audience }: SettingsInput): { iss: string; aud: string } {
  const { issuerUrl: iss, audience: aud } = issuers?.[0] ?? { issuerUrl, audience };
  return { iss: iss as string, aud: [aud].flat()[0] as string };
}

function filled(value: unknown, names: { iss: string; aud: string }, now: number): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? text(value) : value;
  if (Array.isArray(value)) return value.map(one => filled(one, names, now));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, names, now)]));

  function text(from: string): string | number {
    const [, offset] = /^@now([+-]\d+)$/.exec(from) ?? [];
    return offset === undefined
      ? from.replace('{{iss}}', names.iss).replace('{{aud}}', names.aud)
      : now + Number(offset);
  }
}

// A member that is null in the fixture is not in the token.
function withoutNull(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

describe('the pages about providers', () => {
  let issuer: TestIssuer;
  const keys = new Map<string, SigningKey>();
  const strangers = new Map<string, SigningKey>();
  before(async () => {
    issuer = await TestIssuer.start();
    for (const alg of ['RS256', 'ES384', 'EdDSA'])
      for (const some of [keys, strangers]) some.set(alg, signingKey(`provider-${alg}`, alg));
    issuer.server.keys = [...keys.values()].map(({ jwk }) => jwk);
  });
  after(() => issuer.close());
  beforeEach(() => {
    calls = 0;
  });

  // The page's settings, with the keys of an issuer on this machine.
  async function ask(settings: SettingsInput, token: string) {
    const { jwksUrl } = issuer.server;
    const issuers = settings.issuers?.map(one => ({ ...one, jwksUrl }));
    const own = issuers === undefined ? { ...settings, jwksUrl } : { ...settings, issuers };
    const app = createExpressServer({ controllers: [MeController], axioms: { ...own, logger: silentLogger } });
    const answer = await request(app).get('/me').set('Authorization', `Bearer ${token}`);
    (app.locals['axioms'] as AxiomsServer).close();
    return answer;
  }

  function made(
    provider: string,
    { header, claims }: Token,
    good: object,
    changes: object = {},
    alg = 'RS256',
  ): string {
    const names = namesOf(documentedSettings.get(provider)!);
    const now = Math.floor(Date.now() / 1000);
    const key = keys.get(alg)!;
    const base = { iss: names.iss, sub: 'alice', iat: now, exp: now + 300 };
    const all = { ...base, ...(filled({ ...good, ...claims }, names, now) as object), ...changes };
    return signed(withoutNull({ alg, kid: key.kid, ...header }), withoutNull(all), key);
  }

  const good = { aud: '{{aud}}', client_id: 'web', jti: 'j' };
  const accessToken = (shape: Shape, changes?: object): string =>
    made(shape.provider, { ...shape, header: { typ: 'at+jwt', ...shape.header } }, good, changes, shape.alg);

  for (const shape of shapes)
    describe(`${shape.provider}: ${shape.id} (${shape.why})`, () => {
      const settings = documentedSettings.get(shape.provider)!;

      it('accepts the access token, and reads what it grants', async () => {
        const answer = await ask(settings, accessToken(shape));
        expect([answer.status, calls], answer.text).to.deep.equal([200, 1]);
        const granted = { scopes: [], roles: [], permissions: [], subject: ['sub', subjectOf(shape)] };
        expect(answer.body).to.deep.equal({ ...granted, ...shape.grants });
      });

      it("refuses another tenant's token", async () => {
        const { iss } = namesOf(settings);
        const similar = iss.endsWith('/') ? iss.slice(0, -1) : `${iss}/`;
        for (const other of [`${iss}2`, similar, iss.toUpperCase(), `x${iss}`, null])
          expect((await ask(settings, accessToken(shape, { iss: other }))).status, String(other)).to.equal(401);
        expectExactRefusal(
          await ask(settings, accessToken(shape, { iss: `${iss}2`, ...audienceOf(settings, `${iss}2`) })),
          invalidToken('The access token is from another issuer'),
        );
        expect(calls).to.equal(0);
      });

      it('refuses a token that somebody else signed', async () => {
        const input = accessToken(shape).replace(/\.[^.]*$/, '');
        const forged = `${input}.${signatureOver(input, strangers.get(shape.alg ?? 'RS256')!)}`;
        expectExactRefusal(await ask(settings, forged), invalidToken('The signature of the access token is wrong'));
        expect(calls).to.equal(0);
      });
    });

  function subjectOf({ claims }: Shape): unknown {
    return claims['sub'] ?? 'alice';
  }

  // Where the issuer is the audience, another tenant's token has both of another tenant.
  function audienceOf({ audienceClaims }: SettingsInput, iss: string): object {
    return [audienceClaims].flat().includes('iss') ? { iss } : {};
  }

  for (const { provider, title, because, ...token } of refused)
    it(`${provider}: refuses ${title}`, async () => {
      const answer = await ask(documentedSettings.get(provider)!, made(provider, token, {}));
      expectExactRefusal(answer, invalidToken(because));
      expect(calls).to.equal(0);
    });

  it('has for each settings an access token and a token that must be refused, and no others are tested', () => {
    const names = [...documentedSettings.keys()].sort();
    expect([...new Set(shapes.map(({ provider }) => provider))].sort()).to.deep.equal(names);
    expect([...new Set(refused.map(({ provider }) => provider))].sort()).to.deep.equal(names);
    expect(documentedSettings.size).to.equal(snippets.length);
    expect(new Set(shapes.map(({ id }) => id)).size).to.equal(shapes.length);
  });

  it('have each provider with a page of its own on that page, with the table of its tokens', () => {
    for (const [name, settings] of Object.entries(providerPages)) {
      const text = readFileSync(join(root, `docs/providers/${name}.md`), 'utf8');
      for (const one of settings) expect(text).to.contain(`const ${one}: SettingsInput`);
      expect(text).to.contain(`<!-- begin provider-${name} -->`);
      for (const heading of ['Settings', 'In the console', 'Users and machines', 'What is accepted and refused'])
        expect(text).to.contain(`\n## ${heading}\n`);
    }
    expect(pages.slice(1).sort()).to.deep.equal(Object.keys(providerPages).map(name => `docs/providers/${name}.md`));
  });

  it('has settings that are right as they stand', () => {
    for (const [name, settings] of documentedSettings)
      expect(() => defineSettings({ ...settings, logger: silentLogger }), name).not.to.throw();
  });

  it('says that the common issuers of Entra issue no token, and that the keys of Azure AD B2C are not found', async () => {
    expect(page)
      .to.contain('`organizations` and `common` are no issuer of any token')
      .and.to.contain('the answer is 503');
    const shape = shapes.find(({ provider }) => provider === 'entraTenants')!;
    const settings = {
      issuerUrl: 'https://login.microsoftonline.com/organizations/v2.0',
      audience: 'your-api-application-id',
    };
    expectExactRefusal(
      await ask(settings, accessToken(shape)),
      invalidToken('The access token is from another issuer'),
    );
    expect(calls).to.equal(0);
  });

  it('answers 503 for Azure AD B2C without its jwksUrl: the issuer has no metadata where they belong', async () => {
    const issuerUrl = `${issuer.url}/tid/v2.0/`;
    const app = createExpressServer({
      controllers: [MeController],
      axioms: { issuerUrl, audience: 'api', logger: silentLogger },
    });
    const token = issuer.token({ iss: issuerUrl, aud: 'api' });
    const answer = await request(app).get('/me').set('Authorization', `Bearer ${token}`);
    (app.locals['axioms'] as AxiomsServer).close();
    expect([answer.status, calls]).to.deep.equal([503, 0]);
  });

  it('has required claims for Entra without which an ID token of the same registration would open', async () => {
    const idToken = refused.find(({ provider, title }) => provider === 'entra' && title.includes('same registration'))!;
    const settings = { ...documentedSettings.get('entra'), requiredClaims: undefined };
    expect((await ask(settings, made('entra', idToken, {}))).status).to.equal(200);
  });

  it('warns of an ID token of Dex without a nonce, which is accepted', async () => {
    const token: Token = { header: { typ: null }, claims: { aud: '{{aud}}', azp: 'your-client', at_hash: 'h' } };
    expect((await ask(documentedSettings.get('dex')!, made('dex', token, {}))).status).to.equal(200);
    expect(page).to.contain('An ID token of a client that sends no `nonce` is accepted.');
  });
});

/**
 * A copy of the settings lost their secrets, which are not enumerable: `axioms doctor` accepted proofs without the nonce that
 * the server requires, and a server in production whose settings were made by `defineSettings()` with `explain` asked for no
 * nonce at all.
 */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { createExpressServer, defineSettings, type AxiomsServer } from 'axioms-routing-controllers';
import { changedSettings } from '../../src/core/settings/changed-settings';
import { inEnvironment } from '../environment';
import { silentLogger } from '../issuer/test-issuer';

@JsonController('/books')
class BookController {
  @Get('/') list() {
    return [];
  }
}

const secret = 's'.repeat(40);
const credentials = { introspectionClientId: 'api', introspectionClientSecret: 'an-introspection-secret' };
const given = {
  audience: 'api',
  issuerUrl: 'https://auth.example.com',
  jwksPrefetch: false,
  logger: silentLogger,
  externalUrl: 'https://api.example.com',
  dpop: 'allowed',
  dpopNonceSecret: secret,
} as const;

describe('Settings that are changed', () => {
  it('keep their secrets, and do not show them', () => {
    const changed = changedSettings(defineSettings({ ...given, ...credentials }), { explain: true });
    expect([changed.explain, changed.dpopNonceSecret]).to.deep.equal([true, [secret]]);
    expect(changed.introspectionClientSecret).to.equal(credentials.introspectionClientSecret);
    expect(JSON.stringify(changed)).not.to.contain(secret);
  });

  it('keep the secrets of each issuer, and change it, too', () => {
    const { audience, issuerUrl, ...shared } = given;
    const settings = defineSettings({ ...shared, issuers: [{ audience, issuerUrl, ...credentials }] });
    const [issuer] = changedSettings(settings, { explain: true }).issuers ?? [];
    expect(issuer?.introspectionClientSecret).to.equal(credentials.introspectionClientSecret);
    expect([issuer?.explain, issuer?.dpopNonceSecret]).to.deep.equal([true, [secret]]);
  });

  it('keep the secret of nonces where production turns explain off', async () => {
    const axioms = defineSettings({ ...given, explain: true });
    const app = await inEnvironment('production', () =>
      Promise.resolve(createExpressServer({ axioms, controllers: [BookController] })),
    );
    const server = app.locals.axioms as AxiomsServer;
    expect([server.settings.explain, server.settings.dpopNonceSecret]).to.deep.equal([false, [secret]]);
    server.close();
  });
});

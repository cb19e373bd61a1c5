/** An access token that cannot be a header field is the client's mistake, and no outage of the provider. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { memoryStore } from '../../src/microservice/stores/memory-store';
import { clientId } from '../microservice/identity-providers/provider-fixture';
import { expectRefused } from '../microservice/refused';
import { SignInApp } from '../microservice/sign-in-app';
import { signed, signingKey } from '../issuer/test-issuer';

describe('regression: an access token that no header field can carry was an outage of the provider', () => {
  const key = signingKey('k1');
  let provider: Server;
  let issuer: string;
  let app: SignInApp;
  /** The fields `Authorization` that the userinfo endpoint got. */
  let asked: (string | undefined)[];

  before(async () => {
    provider = createServer((request, response) => {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(documentFor(request)));
    }).listen(0, '127.0.0.1');
    await once(provider, 'listening');
    issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const idp = { provider: 'oidc', issuer, clientId, algorithms: ['ES256'] } as const;
    app = await new SignInApp({ store: memoryStore(), idp, clock: () => Date.now() }).withUsers();
  });
  after(async () => {
    await app.close();
    provider.close();
    provider.closeAllConnections();
  });
  beforeEach(() => {
    asked = [];
    app.logger.entries.length = 0;
  });

  function documentFor({ url, headers }: IncomingMessage): object {
    if (url === '/jwks') return { keys: [key.jwk] };
    if (url === '/userinfo') {
      asked.push(headers.authorization);
      return { sub: 'ged-1' };
    }
    const endpoints = { authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };
    return { issuer, jwks_uri: `${issuer}/jwks`, userinfo_endpoint: `${issuer}/userinfo`, ...endpoints };
  }

  function exchange(accessToken: string, sub: string) {
    const now = Math.floor(Date.now() / 1000);
    const mail = { email: 'ged@provider.example', email_verified: true };
    const claims = { iss: issuer, aud: clientId, sub, iat: now, exp: now + 300, ...mail };
    const idToken = signed({ alg: key.alg, kid: key.kid }, claims, key);
    return app.browser().ask('social-exchange/', { id_token: idToken, access_token: accessToken });
  }

  for (const token of ['with\nline', 'with\r\nX-Field: 1', 'with ☃', 'Ł', 'é', 'with space', '\u007f'])
    it(`refuses ${JSON.stringify(token)} with 401, without asking the provider or logging an outage`, async () => {
      expectRefused(await exchange(token, 'ged-1'), { status: 401, error: 'authentication_failed' });
      expect(asked).to.deep.equal([]);
      expect(app.logger.entries.filter(({ level }) => level === 'error')).to.deep.equal([]);
      expect(await app.users.findByIdentity({ issuer, subject: 'ged-1' })).to.equal(undefined);
    });

  for (const token of ['abc.def-_~+/==', 'app|secret', '!"#$%&\'()*,:;<>?@[\\]^`{}'])
    it(`asks the provider about ${token}`, async () => {
      expectRefused(await exchange(token, 'another'), { status: 401, error: 'authentication_failed' });
      expect(asked).to.deep.equal([`Bearer ${token}`]);
      expect((await exchange(token, 'ged-1')).status).to.equal(200);
    });
});

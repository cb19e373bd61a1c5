import 'reflect-metadata';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { createExpressServer, type AxiomsServer, type SettingsInput } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, invalidToken } from '../refusals';

@JsonController('/known')
class KnownController {
  @Get('/') read() {
    return { ok: true };
  }
}

const otherKind = 'The token is not an access token';

describe('a token that looks like an ID token', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());

  const dex: SettingsInput = { requiredClaims: { azp: 'web' }, ignoredTokenMarkers: ['at_hash'] };
  const marked = { nonce: 'n', at_hash: 'x', c_hash: 'y' };
  const tokens: [title: string, status: number, header: object, claims: object, more?: SettingsInput][] = [
    ['an ID token with a nonce for this audience', 401, { typ: 'JWT' }, { nonce: 'n' }],
    ['an ID token with a nonce and no typ', 401, { typ: undefined }, { nonce: 'n' }],
    ['an ID token with at_hash and c_hash', 401, { typ: 'JWT' }, { at_hash: 'x', c_hash: 'y' }],
    ['a token with all of them and typ at+jwt', 200, { typ: 'at+jwt' }, marked],
    ['a token with all of them and typ application/at+jwt', 200, { typ: 'application/at+jwt' }, marked],
    ['a token with all of them that Cognito marks', 200, { typ: undefined }, { ...marked, token_use: 'access' }],
    ['a token with all of them that an old Keycloak marks', 200, { typ: 'JWT' }, { ...marked, typ: 'Bearer' }],
    ['an ID token that Keycloak marks', 401, { typ: 'JWT' }, { ...marked, typ: 'ID' }],
    ["Dex's access token", 200, { typ: undefined }, { at_hash: 'x', azp: 'web' }, dex],
    ["Dex's ID token for another client", 401, { typ: undefined }, { at_hash: 'x', azp: 'other' }, dex],
    ["Dex's ID token with a nonce", 401, { typ: undefined }, { at_hash: 'x', azp: 'web', nonce: 'n' }, dex],
  ];
  for (const [title, status, header, claims, more] of tokens)
    it(`is answered with ${status}: ${title}`, async () => {
      const logger = new RecordingLogger();
      const app = createExpressServer({
        controllers: [KnownController],
        axioms: { ...issuer.settings(), ...more, logger },
      });
      const response = await request(app)
        .get('/known')
        .set('Authorization', `Bearer ${issuer.token(claims, header)}`);
      (app.locals['axioms'] as AxiomsServer).close();
      expect(response.status).to.equal(status);
      if (status === 401 && more === undefined) expectExactRefusal(response, invalidToken(otherKind));
      expect(logger.text('warn').includes('mark ID tokens')).to.equal(more !== undefined);
    });
});

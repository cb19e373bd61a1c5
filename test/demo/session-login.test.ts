import { expect } from 'chai';
import request from 'supertest';
import type { DataSource } from 'typeorm';
import { OPAQUE_API } from '../../demo/accounts';
import { startApi, type Api } from '../../demo/api';
import { startAuthorizationServer, type AuthorizationServer } from '../../demo/authorization-server';
import { personToken } from '../../demo/client/tokens';
import { openDatabase, removeDatabase, temporaryPlace, type DatabasePlace } from '../../demo/database';

describe('the demo, by a session and by opaque tokens', () => {
  let place: DatabasePlace;
  let database: DataSource;
  let issuer: AuthorizationServer;
  let api: Api;

  before(async () => {
    place = await temporaryPlace();
    database = await openDatabase(place);
    issuer = await startAuthorizationServer(0);
    api = await startApi({ port: 0, issuerUrl: issuer.url, database });
  });
  after(async () => {
    await api.close();
    await issuer.close();
    await database.destroy();
    await removeDatabase(place);
  });

  it('signs alice in, and lets her change things with a CSRF token', async () => {
    const browser = request.agent(api.url);
    const token = async (): Promise<string> =>
      ((await browser.get('/session')).body as { csrfToken: string }).csrfToken;
    expect((await browser.get('/account')).status).to.equal(401);
    expect((await browser.post('/session').send({ name: 'alice' })).status).to.equal(403);
    const signIn = (name: string) => async () =>
      (
        await browser
          .post('/session')
          .set('X-CSRF-Token', await token())
          .send({ name })
      ).status;
    expect(await signIn('eve')()).to.equal(403);
    expect(await signIn('alice')()).to.equal(204);
    expect((await browser.get('/account')).body).to.deep.equal({
      by: 'SessionAuthentication',
      roles: ['admin', 'editor'],
    });
    expect((await browser.post('/account')).status).to.equal(403);
    expect((await browser.post('/account').set('X-CSRF-Token', await token())).status).to.equal(200);
    for (const bad of ['not-a-token', 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln'])
      expect((await browser.get('/account').set('Authorization', `Bearer ${bad}`)).status).to.equal(401);
    expect((await browser.get('/account')).status).to.equal(200);
  });

  for (const [resource, by] of [
    [undefined, 'AccessTokenAuthentication'],
    [OPAQUE_API, 'IntrospectionAuthentication'],
  ] as const)
    it(`lets bob in by ${by}, without a CSRF token`, async () => {
      const token = await personToken(issuer.url, 'bob', resource === undefined ? {} : { resource });
      expect(token.includes('.')).to.equal(resource === undefined);
      const response = await request(api.url).post('/account').set('Authorization', `Bearer ${token}`);
      expect(response.status, response.text).to.equal(200);
      expect(response.body).to.include({ by });
    });
});

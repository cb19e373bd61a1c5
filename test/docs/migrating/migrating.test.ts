/** The code of docs/migrating: what the app had before, and the same with this library. */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Express } from 'express';
import { expect } from 'chai';
import request from 'supertest';
import { audience, TestIssuer } from '../../issuer/test-issuer';
import { createApp as authorized } from './authorized-after';
import { createApp as axiomsDrfPy } from './axioms-drf-py';
import { createApp as drf } from './drf';
import { createApp as bearer } from './express-oauth2-jwt-bearer-after';
import { createApp as bearerPlain } from './express-oauth2-jwt-bearer-plain';
import { createApp as passportJwt } from './passport-jwt';

// Its types would give every request of this repository another `auth`.
const beforeFile = resolve(__dirname, '../../../../test/docs/migrating/express-oauth2-jwt-bearer.cjs');

describe('the guides for moving here', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());

  type Call = readonly [method: 'get' | 'post' | 'delete', path: string, claims: object | undefined];

  function send(app: Express, [method, path, claims]: Call): request.Test {
    const asked = request(app)[method](path);
    if (method === 'post') void asked.send({ title: 'Emma', text: 'milk' });
    return claims === undefined ? asked : asked.auth(issuer.token(claims), { type: 'bearer' });
  }

  async function statusesOf(app: Express, ...calls: readonly Call[]): Promise<readonly number[]> {
    const statuses: number[] = [];
    for (const call of calls) statuses.push((await send(app, call)).status);
    return statuses;
  }

  const settings = () => issuer.settings();
  const bearerOnly = 'Bearer realm="api"';

  it('from @Authorized(): an anonymous caller gets 401 with a challenge, and one without the role 403', async () => {
    const calls: readonly Call[] = [
      ['get', '/books', { roles: ['editor'] }],
      ['post', '/books', { roles: ['editor'] }],
      ['post', '/books', undefined],
    ];
    expect(await statusesOf(authorized(settings()), ...calls, ['post', '/books', { roles: ['reader'] }])).to.deep.equal(
      [200, 200, 401, 403],
    );
    const { headers } = await send(authorized(settings()), ['get', '/books', undefined]);
    expect(headers['www-authenticate']).to.equal(bearerOnly);
  });

  it('from passport-jwt: a caller without an account is refused', async () => {
    const app = passportJwt(settings());
    const known = await send(app, ['get', '/profile', { sub: 'alice' }]);
    expect([known.status, known.body]).to.deep.equal([200, { name: 'Alice' }]);
    const stranger = await send(app, ['get', '/profile', { sub: 'mallory' }]);
    expect([stranger.status, stranger.body]).to.deep.equal([
      401,
      { error: 'authentication_failed', error_description: 'There is no such member' },
    ]);
    const anonymous = await send(app, ['get', '/profile', undefined]);
    expect([anonymous.status, anonymous.headers['www-authenticate']]).to.deep.equal([401, bearerOnly]);
  });

  const bearerCalls: readonly Call[] = [
    ['get', '/books', { scope: 'read:books' }],
    ['get', '/books', { scope: 'other' }],
    ['delete', '/books/1', { roles: ['admin'] }],
    ['get', '/books', undefined],
  ];

  it('from express-oauth2-jwt-bearer: the routes have the same callers, before and after', async () => {
    const { createApp } = createRequire(__filename)(beforeFile) as { createApp(options: object): Express };
    const before = createApp({ issuerBaseURL: issuer.url, audience }).set('env', 'test');
    expect(await statusesOf(before, ...bearerCalls)).to.deep.equal([200, 403, 200, 401]);
    for (const app of [bearer(settings()), bearerPlain(settings())]) {
      expect(await statusesOf(app, ...bearerCalls)).to.deep.equal([200, 403, 200, 401]);
      expect(await statusesOf(app, ['delete', '/books/1', { roles: ['reader'] }])).to.deep.equal([403]);
    }
  });

  it('from Django REST framework: an owner sees and changes only their own objects', async () => {
    const app = drf(settings());
    const [alice, bob] = [{ sub: 'alice' }, { sub: 'bob' }];
    expect((await send(app, ['post', '/notes', alice])).body).to.deep.equal({ id: 1, owner: 'alice', text: 'milk' });
    expect((await send(app, ['get', '/notes', bob])).body).to.deep.equal([]);
    expect(
      await statusesOf(app, ['get', '/notes/1', bob], ['delete', '/notes/1', bob], ['get', '/notes', undefined]),
    ).to.deep.equal([403, 403, 401]);
    expect(await statusesOf(app, ['get', '/notes/1', alice], ['delete', '/notes/1', alice])).to.deep.equal([200, 204]);
    expect(await statusesOf(app, ['get', '/notes/1', alice])).to.deep.equal([404]);
  });

  it('from axioms-drf-py: scopes and permissions are both required', async () => {
    const app = axiomsDrfPy(settings());
    const granted = { scope: 'openid', permissions: ['sample:read'] };
    expect(
      await statusesOf(
        app,
        ['get', '/samples', granted],
        ['post', '/samples', granted],
        ['get', '/samples', { permissions: ['sample:read'] }],
        ['get', '/samples', undefined],
      ),
    ).to.deep.equal([200, 403, 403, 401]);
  });
});

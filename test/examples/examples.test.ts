/** Each program of `examples/` runs, lets in who may come in, and refuses the others. */
import { expect } from 'chai';
import request, { type Response, type Test } from 'supertest';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TestIssuer } from '../../src/testing';
import { bearer, expectExactRefusal, invalidToken, notAuthenticated } from '../refusals';
import { isCompiled, startExample, type RunningExample } from './running-example';

const root = resolve(__dirname, '../../..');
const wrongAudience = invalidToken('The access token is for another audience');

function insufficientScope(scope: string) {
  const description = 'The access token does not have the scope that this request needs';
  return {
    status: 403,
    challenges: [bearer('insufficient_scope', description, scope)],
    error: 'insufficient_scope',
    description,
  };
}

const denied = {
  status: 403,
  error: 'permission_denied',
  description: 'You do not have permission to perform this action',
};

describe('the examples', function () {
  this.timeout(60_000);

  let issuer: TestIssuer;
  let running: RunningExample | undefined;

  before(async () => (issuer = await new TestIssuer({ alg: 'RS256' }).listen()));
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  after(() => issuer.close());

  async function start(name: string, variables?: Readonly<Record<string, string>>): Promise<void> {
    running = await startExample(name, issuer, variables);
  }

  function call(method: 'get' | 'post' | 'delete', path: string, token?: string): Test {
    const test = request(running!.url)[method](path);
    return token === undefined ? test : test.auth(token, { type: 'bearer' });
  }

  function alice(claims: object = {}): string {
    return issuer.token({ sub: 'alice', ...claims });
  }

  it('are ten, each of 30 to 60 lines', () => {
    const names = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter(entry => entry.isDirectory());
    const lines = names.map(
      ({ name }) => readFileSync(join(root, 'examples', name, 'app.ts'), 'utf8').split('\n').length,
    );
    expect(lines).to.have.lengthOf(10);
    for (const count of lines) expect(count).to.be.within(30, 61);
  });

  it('minimal: opens one route, and asks the others for a token and a scope', async () => {
    await start('minimal');
    await call('get', '/public').expect(200, { message: 'Anyone may read this.' });
    expectExactRefusal(await call('get', '/private'), notAuthenticated);
    await call('get', '/private', alice()).expect(200, { message: 'Hello, alice.' });
    expectExactRefusal(await call('get', '/reports', alice()), insufficientScope('report:read'));
    await call('get', '/reports', alice({ scope: 'report:read' })).expect(200, [{ title: 'Sales' }]);
    expectExactRefusal(await call('get', '/private', issuer.forge('wrong-audience')), wrongAudience);
  });

  it('roles: decides by method, and lets a suspended caller read only', async () => {
    await start('roles');
    await call('get', '/articles', alice({ roles: ['reader'] })).expect(200);
    expectExactRefusal(await call('post', '/articles', alice({ roles: ['reader'] })), denied);
    await call('post', '/articles', alice({ roles: ['editor'] })).expect(200, { created: true });
    expectExactRefusal(await call('delete', '/articles/1', alice({ roles: ['editor'] })), denied);
    await call('delete', '/articles/1', alice({ roles: ['admin'] })).expect(200, { removed: 1 });
    await call('get', '/wiki', alice({ roles: ['suspended'] })).expect(200);
    expectExactRefusal(await call('post', '/wiki', alice({ roles: ['suspended'] })), denied);
    await call('post', '/wiki', alice()).expect(200, { written: true });
  });

  it('ownership with TypeORM: shows nobody the notes of another caller', async () => {
    await start('ownership-typeorm');
    const bob = issuer.token({ sub: 'bob' });
    await call('post', '/notes', alice()).send({ text: 'milk' }).expect(201);
    await call('post', '/notes', bob).send({ text: 'bread' }).expect(201);
    await call('get', '/notes', alice()).expect(200, [{ id: 1, authorSub: 'alice', text: 'milk' }]);
    await call('get', '/notes/2', bob).expect(200);
    expectExactRefusal(await call('get', '/notes/2', alice()), denied);
    expectExactRefusal(await call('delete', '/notes/2', alice()), denied);
    await call('delete', '/notes/2', bob).expect(200);
    await call('get', '/notes', bob).expect(200, []);
  });

  it('a Prisma list: counts and searches only what is the caller’s', async function () {
    if (!isCompiled('prisma-list')) skip(this, 'npm run examples installs Prisma for it');
    await start('prisma-list');
    const own = { id: 1, authorSub: 'alice', text: 'A note of alice' };
    await call('get', '/notes', alice()).expect(200, { items: [own], total: 1 });
    await call('get', '/notes/search?text=note', alice()).expect(200, [own]);
    await call('get', '/notes/search?text=bob', alice()).expect(200, []);
    expectExactRefusal(await call('get', '/notes/2', alice()), denied);
    expectExactRefusal(await call('get', '/notes'), notAuthenticated);
  });

  it('Keycloak: reads the roles of the realm and of the client', async () => {
    await start('keycloak', { KEYCLOAK_REALM_URL: issuer.url });
    const user = {
      aud: ['com.example.books', 'account'],
      typ: 'Bearer',
      azp: 'books-cli',
      realm_access: { roles: ['offline_access'] },
      resource_access: { 'com.example.books': { roles: ['librarian'] } },
      scope: 'openid email',
    };
    const token = issuer.token({ ...user, sub: 'ged' }, { typ: 'JWT' });
    const me = { sub: 'ged', roles: ['offline_access', 'librarian'], scopes: ['openid', 'email'] };
    await call('get', '/me', token).expect(200, me);
    await call('get', '/books', token).expect(200);
    const reader = issuer.token({ ...user, resource_access: {} }, { typ: 'JWT' });
    expectExactRefusal(await call('get', '/books', reader), denied);
    expectExactRefusal(await call('get', '/me', issuer.token({ ...user, aud: 'account' })), wrongAudience);
  });

  it('Cognito: accepts access tokens of its client, and no ID token', async () => {
    await start('cognito', { COGNITO_POOL_URL: issuer.url, COGNITO_CLIENT_ID: 'abc' });
    const access = {
      aud: undefined,
      client_id: 'abc',
      token_use: 'access',
      'cognito:groups': ['admins'],
      scope: 'books/read',
    };
    const header = { typ: undefined };
    const token = issuer.token({ ...access, sub: 'a-b' }, header);
    await call('get', '/me', token).expect(200, { sub: 'a-b', roles: ['admins'], scopes: ['books/read'] });
    await call('get', '/books', token).expect(200);
    await call('post', '/reindex', token).expect(200, { started: true });
    const user = issuer.token({ ...access, 'cognito:groups': undefined }, header);
    expectExactRefusal(await call('post', '/reindex', user), denied);
    const idToken = { ...access, client_id: undefined, aud: 'abc', token_use: 'id' };
    await call('get', '/me', issuer.token(idToken, header)).expect(401);
    await call('get', '/me', issuer.token({ ...access, client_id: 'other' }, header)).expect(401);
  });

  it('an MCP server: leads a client from the 401 to the issuer', async () => {
    const resource = 'https://mcp.example.com/mcp';
    await start('mcp', { PUBLIC_URL: resource });
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    const refused = await call('post', '/mcp').send(list).expect(401);
    const metadata = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp';
    const challenge = `Bearer realm="api", scope="mcp", resource_metadata="${metadata}"`;
    expect(refused.headers['www-authenticate']).to.equal(challenge);
    const described = await call('get', '/.well-known/oauth-protected-resource/mcp').expect(200);
    expect(described.body)
      .to.include({ resource })
      .and.to.deep.include({ authorization_servers: [issuer.url] });
    const token = alice({ aud: resource, scope: 'mcp' });
    const answer = await call('post', '/mcp', token).send(list).expect(200);
    expect((answer.body as { result: { tools: object[] } }).result.tools).to.have.lengthOf(1);
    const said = await call('post', '/mcp', token).send({
      ...list,
      method: 'tools/call',
      params: { name: 'who_am_i' },
    });
    expect(said.body).to.have.nested.property('result.content[0].text', 'alice');
    await call('post', '/mcp', alice({ aud: resource, scope: 'other' }))
      .send(list)
      .expect(403);
    await call('post', '/mcp', alice({ scope: 'mcp' }))
      .send(list)
      .expect(401);
  });

  it('sessions beside tokens: accepts either, and requires a CSRF token of a session', async () => {
    await start('sessions');
    expectExactRefusal(await call('get', '/account'), notAuthenticated);
    await call('get', '/account', alice()).expect(200, { sub: 'alice', by: 'AccessTokenAuthentication' });
    const agent = request.agent(running!.url);
    const { csrfToken = '' } = bodyOf(await agent.get('/session').expect(200));
    const credentials = { name: 'ged', password: 'sparrowhawk' };
    await agent.post('/session').send(credentials).expect(403);
    await agent
      .post('/session')
      .set('X-CSRF-Token', csrfToken)
      .send({ ...credentials, password: 'no' })
      .expect(403);
    await agent.get('/account').expect(401);
    await agent.post('/session').set('X-CSRF-Token', csrfToken).send(credentials).expect(204);
    await agent.get('/account').expect(200, { sub: 'ged', by: 'SessionAuthentication' });
  });

  it('a microservice with a page: signs in, refreshes and calls the API', async () => {
    await start('microservice-spa');
    await call('get', '/').expect(200).expect('Content-Type', /html/);
    expectExactRefusal(await call('get', '/me'), notAuthenticated);
    const agent = request.agent(running!.url);
    await agent.post('/auth/sign-in/').send({ username: 'ged', password: 'no' }).expect(401);
    const signedIn = await agent.post('/auth/sign-in/').send({ username: 'ged', password: 'sparrowhawk' }).expect(200);
    const { access_token } = bodyOf(signedIn);
    const me = await call('get', '/me', access_token).expect(200);
    expect(me.body).to.have.property('username', 'ged');
    const known = bodyOf(await agent.post('/auth/csrf/').send({}).expect(200));
    await agent.post('/auth/refresh/').send(known).expect(200);
    expectExactRefusal(await call('get', '/me', alice()), invalidToken('The access token is from another issuer'));
  });

  it('beside NestJS: guards the routes of both', async function () {
    if (!isCompiled('nestjs')) skip(this, 'npm run examples installs NestJS for it');
    await start('nestjs');
    expectExactRefusal(await call('get', '/cats'), {
      ...notAuthenticated,
      challenges: ['Bearer realm="api", scope="cat:read"'],
    });
    await call('get', '/cats', alice({ scope: 'cat:read' })).expect(200, { by: 'alice' });
    expectExactRefusal(await call('get', '/cats', alice({ scope: 'book:read' })), insufficientScope('cat:read'));
    await call('get', '/books', alice({ scope: 'book:read' })).expect(200, [{ title: 'Tehanu' }]);
    expectExactRefusal(await call('get', '/books', alice()), insufficientScope('book:read'));
  });
});

function bodyOf(response: Response): Readonly<Record<string, string>> {
  return response.body as Readonly<Record<string, string>>;
}

function skip(context: Mocha.Context, why: string): never {
  context.test!.title += ` (${why})`;
  return context.skip();
}

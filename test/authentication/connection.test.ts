import { once } from 'node:events';
import { Agent, createServer, request as ask, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { HasAccessTokenScopes, HasValidAccessToken, type AxiomsRequest } from 'axioms-routing-controllers';
import { Api } from '../api';
import { isPlain } from '../../src/core/process/plain';

let handled = 0;

@JsonController('/notes')
class NoteController {
  declare request: AxiomsRequest;

  @Get('/') list(): object {
    handled += 1;
    const { sub, scopes } = this.request.user!;
    return { sub, scopes, token: this.request.auth?.token?.slice(-8), claims: this.request.authJwt?.sub };
  }
}

@JsonController('/drafts')
class DraftController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['draft:read'];

  @Get('/') list(): object {
    handled += 1;
    return {};
  }
}

interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

describe('A connection that stays open', () => {
  let api: Api;
  let server: Server;
  let agent: Agent;

  beforeEach(async () => {
    api = await Api.start({ controllers: [NoteController, DraftController] });
    server = createServer(api.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    handled = 0;
  });
  afterEach(async () => {
    agent.destroy();
    server.close();
    await api.close();
  });

  async function send(authorization: string | string[] | undefined, path = '/notes'): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    const headers = authorization === undefined ? {} : { authorization };
    // Typed as a string, although Node sends a field for each of a list.
    const request = ask({ host: '127.0.0.1', port, path, agent, headers: headers as Record<string, string> });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return {
      status: response.statusCode ?? 0,
      challenge: response.headers['www-authenticate'],
      body: JSON.parse(text) as Record<string, unknown>,
    };
  }

  const realm = 'Bearer realm="api"';

  /** A token that the connection has sent often enough to be remembered. */
  async function remembered(claims: object = { sub: 'alice', scope: 'a b' }): Promise<string> {
    const token = api.issuer.token(claims);
    for (let time = 0; time < 3; time++) expect((await send(`Bearer ${token}`)).status).to.equal(200);
    handled = 0;
    return token;
  }

  it('gives each request the user of its token', async () => {
    const alice = await remembered();
    const bob = api.issuer.token({ sub: 'bob', scope: 'c' });
    for (const [token, sub, scopes] of [
      [alice, 'alice', ['a', 'b']],
      [bob, 'bob', ['c']],
      [alice, 'alice', ['a', 'b']],
      [bob, 'bob', ['c']],
      [bob, 'bob', ['c']],
      [alice, 'alice', ['a', 'b']],
    ] as const)
      expect((await send(`Bearer ${token}`)).body).to.deep.equal({ sub, scopes, token: token.slice(-8), claims: sub });
  });

  it('means nobody by itself: a request without a token is anonymous', async () => {
    await remembered();
    expect(await send(undefined)).to.deep.include({ status: 401, challenge: realm });
    expect(handled).to.equal(0);
  });

  it('refuses a token with one character changed', async () => {
    const token = await remembered();
    const changed = `${token.slice(0, -3)}${token.at(-3) === 'A' ? 'B' : 'A'}${token.slice(-2)}`;
    const { status, challenge } = await send(`Bearer ${changed}`);
    expect(status).to.equal(401);
    expect(challenge).to.equal(
      `${realm}, error="invalid_token", error_description="The signature of the access token is wrong"`,
    );
    expect(handled).to.equal(0);
  });

  it('refuses the known token where it comes twice', async () => {
    const token = await remembered();
    const { status, challenge } = await send([`Bearer ${token}`, `Bearer ${token}`]);
    expect(status).to.equal(400);
    expect(challenge).to.equal(
      `${realm}, error="invalid_request", error_description="The Authorization header is repeated"`,
    );
    expect(handled).to.equal(0);
  });

  it('refuses the known token once it expired', async () => {
    const token = await remembered({ sub: 'alice', exp: Math.floor(Date.now() / 1000) + 60 });
    api.server.verifier.clock = () => Date.now() + 70_000;
    const { status, challenge } = await send(`Bearer ${token}`);
    expect(status).to.equal(401);
    expect(challenge).to.equal(`${realm}, error="invalid_token", error_description="The access token expired"`);
    expect(handled).to.equal(0);
  });

  it('verifies the known token anew after it was forgotten', async function () {
    if (isPlain) this.skip();
    const token = await remembered();
    const { jwksManager, verifier } = api.server;
    const getKey = jwksManager.getKeySoon.bind(jwksManager);
    let lookups = 0;
    jwksManager.getKeySoon = (...named) => {
      lookups += 1;
      return getKey(...named);
    };
    await send(`Bearer ${token}`);
    expect(lookups).to.equal(0);
    expect(verifier.revoke({ token })).to.equal(1);
    expect((await send(`Bearer ${token}`)).status).to.equal(200);
    expect(lookups).to.equal(1);
  });

  it('refuses the known token once its key is taken away', async () => {
    const token = await remembered();
    api.issuer.rotate('k2', { drop: true });
    await api.server.jwksManager.refresh();
    const { status, challenge } = await send(`Bearer ${token}`);
    expect(status).to.equal(401);
    expect(challenge).to.equal(
      `${realm}, error="invalid_token", error_description="The access token is signed with an unknown key"`,
    );
    expect(handled).to.equal(0);
  });

  it('opens no route whose rule the known token does not meet', async () => {
    const token = await remembered();
    const { status, challenge } = await send(`Bearer ${token}`, '/drafts');
    expect(status).to.equal(403);
    expect(challenge).to.match(/^Bearer realm="api", error="insufficient_scope", .*, scope="draft:read"$/);
    expect(handled).to.equal(0);
  });
});

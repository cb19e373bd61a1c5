/** An issuer that is slow, rotates its key, goes away or is asked for keys that it never had: over HTTP. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { createServer, type Server } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Api } from './api';
import { down, oidcPath } from './issuer/scripted-issuer';
import { signingKey } from './issuer/test-issuer';

@JsonController('/things')
class ThingController {
  @Get('/')
  list() {
    return { ok: true };
  }
}

/** Many requests at once need a server that listens once. */
class Load {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 100 });

  private constructor(private readonly server: Server) {}

  static async on(api: Api): Promise<Load> {
    const server = createServer(api.app);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new Load(server);
  }

  status(token: string): Promise<number> {
    const { port } = this.server.address() as AddressInfo;
    const options = { port, path: '/things', agent: this.#agent, headers: { authorization: `Bearer ${token}` } };
    return new Promise((resolve, reject) => {
      httpRequest(options, response =>
        response.resume().on('end', () => {
          resolve(response.statusCode!);
        }),
      )
        .on('error', reject)
        .end();
    });
  }

  close(): void {
    this.#agent.destroy();
    this.server.close();
  }
}

describe('an issuer and its bad days', () => {
  let api: Api;
  let load: Load;

  async function start(axioms: object = {}): Promise<void> {
    api = await Api.start({ controllers: [ThingController], axioms: { jwksPrefetch: false, ...axioms } });
    load = await Load.on(api);
  }

  afterEach(async () => {
    load.close();
    await api.close();
  });

  it('is asked once for its keys and once for its metadata by 500 concurrent first requests', async () => {
    await start();
    api.issuer.server.keysMode = { is: 'slow', delay: 100 };
    const tokens = Array.from({ length: 500 }, (_, index) => api.issuer.token({ sub: `user-${index}` }));
    const statuses = await Promise.all(tokens.map(token => load.status(token)));
    expect(new Set(statuses)).to.deep.equal(new Set([200]));
    expect([api.issuer.fetches, api.issuer.server.count(oidcPath)]).to.deep.equal([1, 1]);
  });

  it('may go away: known keys keep working', async () => {
    await start();
    expect(await load.status(api.issuer.token())).to.equal(200);
    api.issuer.server.keysMode = down;
    expect(await load.status(api.issuer.token({ sub: 'bob' }))).to.equal(200);
    const lastToken = api.issuer.token({ sub: 'carol' });
    await api.issuer.close();
    expect(await load.status(lastToken)).to.equal(200);
  });

  it('may rotate its key: the first request with the new one succeeds', async () => {
    await start();
    expect(await load.status(api.issuer.token())).to.equal(200);
    api.issuer.rotate('k2');
    expect(await load.status(api.issuer.token())).to.equal(200);
    expect(api.issuer.fetches).to.equal(2);
  });

  it('is fetched from at most once a cooldown while 10,000 unknown keys are named, and good tokens go on', async function () {
    this.timeout(120_000);
    await start({ jwksCooldown: 3600 });
    expect(await load.status(api.issuer.token())).to.equal(200);
    const stranger = signingKey('stranger');
    const bad = api.issuer.token({}, {}, stranger).split('.');
    for (let batch = 0; batch < 100; batch += 1) {
      const kids = Array.from({ length: 100 }, (_, index) =>
        Buffer.from(JSON.stringify({ alg: 'ES256', kid: `x${batch}-${index}` })).toString('base64url'),
      );
      const refused = await Promise.all(kids.map(header => load.status([header, bad[1], bad[2]].join('.'))));
      expect(new Set(refused)).to.deep.equal(new Set([401]));
      expect(await load.status(api.issuer.token({ sub: `user-${batch}` }))).to.equal(200);
    }
    // The first load, and the one refetch that the cooldown allows.
    expect(api.issuer.fetches).to.equal(2);
  });
});

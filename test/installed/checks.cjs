/**
 * What must work wherever the package is installed, on Node, Bun and Deno, and in other test runners: it stands alone, and
 * is copied into an app that has the package. `node checks.cjs [subpath …]` runs it; a check whose optional peer is not
 * installed is counted as skipped.
 */
'use strict';
require('reflect-metadata');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { Get, JsonController } = require('routing-controllers');
const {
  HasAccessTokenScopes,
  ImproperlyConfigured,
  MemoryDenylist,
  createExpressServer,
} = require('axioms-routing-controllers');
const { TestIssuer, forgedTokens } = require('axioms-routing-controllers/testing');

const from = subpath => require(`axioms-routing-controllers/${subpath}`);

/** Without a compiler: decorators of a class and of its members. */
function decorated(controller, path, members, decorate = {}) {
  for (const [name, decorator] of Object.entries({ ...members, ...decorate }))
    decorator(controller.prototype, name, Object.getOwnPropertyDescriptor(controller.prototype, name));
  JsonController(path)(controller);
  return controller;
}

function books() {
  class BookController {
    permissionClasses = [HasAccessTokenScopes];
    accessTokenScopes = ['book:read'];
    list() {
      return ['Emma'];
    }
  }
  return decorated(BookController, '/books', { list: Get('/') });
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function serve(app, run) {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await run(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections?.();
    server.close();
    await app.locals.axioms?.close?.();
  }
}

async function ask(url, token, init = {}) {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(url, { ...init, headers: { ...init.headers, ...authorization } });
  const text = await response.text();
  return { status: response.status, challenge: response.headers.get('WWW-Authenticate'), text };
}

/** An API whose issuer answers over HTTP on this machine. */
async function withApi(run, { alg, controllers = [books()], ...settings } = {}) {
  const issuer = await new TestIssuer({ alg }).listen();
  try {
    const app = createExpressServer({ controllers, axioms: { ...issuer.settings(), ...settings } });
    await serve(app, url => run({ url, issuer, app }));
  } finally {
    await issuer.close();
  }
}

async function redisClients() {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
  const clients = [];
  if (isInstalled('ioredis')) {
    const Redis = require('ioredis').default;
    const client = new Redis(url, { lazyConnect: true, retryStrategy: null });
    clients.push({ client, open: () => client.connect(), close: () => client.disconnect() });
  }
  if (isInstalled('redis')) {
    const client = require('redis').createClient({ url, socket: { reconnectStrategy: false } });
    const close = () => (client.destroy === undefined ? client.disconnect() : client.destroy());
    clients.push({ client, open: () => client.connect(), close });
  }
  return clients;
}

const checks = [
  {
    name: 'an API answers with the right status and challenge',
    run: () =>
      withApi(async ({ url, issuer }) => {
        const anonymous = await ask(`${url}/books`);
        assert.equal(anonymous.status, 401);
        assert.match(anonymous.challenge, /^Bearer realm="api"/);
        const other = await ask(`${url}/books`, issuer.token({ scope: 'book:write' }));
        assert.equal(other.status, 403);
        assert.match(other.challenge, /error="insufficient_scope".*scope="book:read"/);
        const reader = await ask(`${url}/books`, issuer.token({ scope: 'book:read' }));
        assert.deepEqual([reader.status, reader.text], [200, '["Emma"]']);
      }),
  },
  {
    name: 'tokens of every algorithm are accepted',
    run: async () => {
      for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])
        await withApi(
          async ({ url, issuer }) => {
            const { status, challenge } = await ask(`${url}/books`, issuer.token({ scope: 'book:read' }));
            assert.equal(status, 200, `${alg}: ${challenge}`);
          },
          { alg },
        );
    },
  },
  {
    name: 'forged tokens are refused',
    run: () =>
      withApi(async ({ url, issuer }) => {
        for (const [name, { status }] of Object.entries(forgedTokens)) {
          const answer = await ask(`${url}/books`, issuer.forge(name, { scope: 'book:read' }));
          assert.equal(answer.status, status, name);
        }
      }),
  },
  {
    name: 'an issuer that cannot be reached is 503',
    run: () =>
      withApi(
        async ({ url, issuer }) => {
          const token = issuer.token({ scope: 'book:read' });
          await issuer.close();
          assert.equal((await ask(`${url}/books`, token)).status, 503);
        },
        { jwksPrefetch: false },
      ),
  },
  {
    name: 'a revoked token is refused',
    run: async () => {
      const denylist = new MemoryDenylist();
      await withApi(
        async ({ url, issuer }) => {
          const token = issuer.token({ scope: 'book:read', jti: 'one' });
          assert.equal((await ask(`${url}/books`, token)).status, 200);
          await denylist.revoke({ iss: issuer.url, jti: 'one', expiresAt: issuer.seconds() + 600 });
          assert.equal((await ask(`${url}/books`, token)).status, 401);
        },
        { denylist },
      );
    },
  },
  {
    subpath: 'decorators',
    name: 'a decorator is a rule',
    run: async () => {
      const { hasRequiredRoles } = from('decorators');
      class DecoratedController {
        list() {
          return [];
        }
      }
      const { prototype } = DecoratedController;
      hasRequiredRoles(['editor'])(prototype, 'list', Object.getOwnPropertyDescriptor(prototype, 'list'));
      const controllers = [decorated(DecoratedController, '/decorated', { list: Get('/') })];
      await withApi(
        async ({ url, issuer }) => {
          assert.equal((await ask(`${url}/decorated`, issuer.token({ roles: ['reader'] }))).status, 403);
          assert.equal((await ask(`${url}/decorated`, issuer.token({ roles: ['editor'] }))).status, 200);
        },
        { controllers },
      );
    },
  },
  {
    subpath: 'throttling',
    name: 'a caller that sends too many requests gets a 429',
    run: async () => {
      const { UserRateThrottle } = from('throttling');
      await withApi(
        async ({ url, issuer }) => {
          const token = issuer.token({ scope: 'book:read' });
          assert.equal((await ask(`${url}/books`, token)).status, 200);
          assert.equal((await ask(`${url}/books`, token)).status, 429);
        },
        { defaultThrottleClasses: [UserRateThrottle], throttleRates: { user: '1/hour' } },
      );
    },
  },
  {
    subpath: 'redis',
    name: 'a limit is counted in Redis',
    needs: ['ioredis|redis'],
    run: async () => {
      const { RedisThrottleStore, RedisDenylist } = from('redis');
      for (const { client, open, close } of await redisClients()) {
        client.on('error', () => undefined);
        try {
          await open();
        } catch (error) {
          if ((process.env.REQUIRED_SERVERS ?? '').includes('redis')) throw error;
          return 'Redis cannot be reached';
        }
        const prefix = `axioms:installed:${process.pid}:${Date.now()}:`;
        const store = new RedisThrottleStore(client, { prefix });
        const rate = { amount: 1, seconds: 60 };
        const hits = [await store.hit('alice', rate), await store.hit('alice', rate)];
        assert.deepEqual(
          hits.map(({ isAllowed }) => isAllowed),
          [true, false],
        );
        const denylist = new RedisDenylist(client, { prefix });
        await denylist.revoke({ iss: 'https://id.example.com', jti: 'one', expiresAt: Date.now() / 1000 + 60 });
        assert.equal(await denylist.isRevoked({ iss: 'https://id.example.com', jti: 'one' }), true);
        assert.equal(await denylist.isRevoked({ iss: 'https://id.example.com', jti: 'two' }), false);
        await close();
      }
    },
  },
  {
    subpath: 'openapi',
    name: 'a document has the rules of the API',
    needs: ['routing-controllers-openapi', 'class-validator-jsonschema', 'swagger-ui-express'],
    run: async () => {
      const { openApiDocument, serveOpenApi } = from('openapi');
      await withApi(async ({ url, app }) => {
        serveOpenApi(app);
        const document = await openApiDocument(app);
        assert.deepEqual(Object.values(document.paths['/books'].get.security[0]), [['book:read']]);
        assert.equal((await ask(`${url}/openapi.json`)).status, 200);
        assert.match((await ask(`${url}/docs/`)).text, /swagger-ui/);
      });
    },
  },
  {
    subpath: 'prometheus',
    name: 'decisions are counted for Prometheus',
    needs: ['prom-client'],
    run: async () => {
      const { measureWithPrometheus } = from('prometheus');
      const { register } = require('prom-client');
      const stop = measureWithPrometheus();
      await withApi(async ({ url }) => {
        await ask(`${url}/books`);
        assert.match(await register.metrics(), /axioms_decisions_total\{[^}]*reason="not_authenticated"[^}]*\} 1/);
      });
      stop();
    },
  },
  {
    subpath: 'opentelemetry',
    name: 'decisions are measured with OpenTelemetry, from version 1.9 on',
    needs: ['@opentelemetry/api'],
    run: () => {
      const { measureWithOpenTelemetry } = from('opentelemetry');
      const [major, minor] = versionOf('@opentelemetry/api').split('.').map(Number);
      if (major > 1 || minor >= 9) measureWithOpenTelemetry()();
      else assert.throws(() => measureWithOpenTelemetry(), ImproperlyConfigured);
    },
  },
  {
    subpath: 'microservice',
    name: 'passwords are hashed, and verified',
    run: async () => {
      const { PhcPasswordHasher } = from('microservice');
      for (const argon2 of [undefined, false]) {
        const hasher = new PhcPasswordHasher({ ...(argon2 === undefined ? {} : { argon2 }), logger: silent });
        const hash = await hasher.hash('sparrowhawk');
        const scheme = argon2 === undefined && isInstalled('@node-rs/argon2') ? '$argon2id$' : '$scrypt$';
        assert.ok(hash.startsWith(scheme), hash);
        assert.equal(await hasher.verify('sparrowhawk', hash), true);
        assert.equal(await hasher.verify('ged', hash), false);
      }
    },
  },
  {
    subpath: 'microservice',
    name: 'a user signs in, and the API accepts the token',
    run: async () => {
      const { memoryStore } = from('microservice');
      await signInWith(memoryStore());
    },
  },
  {
    subpath: 'microservice',
    name: 'a login at a provider needs openid-client 6, and says so where another one is installed',
    needs: ['openid-client'],
    run: async () => {
      const { MemoryUserStore, createMicroservice, memoryStore } = from('microservice');
      const provider = await new TestIssuer({ audience: 'page' }).listen();
      provider.endpoints.metadata = { authorization_endpoint: `${provider.url}/authorize` };
      const logged = [];
      const issuer = 'https://api.example.com';
      const microservice = createMicroservice({
        ...{ issuer, audience: issuer, secret, users: new MemoryUserStore(), store: memoryStore() },
        logger: { ...silent, error: (...said) => logged.push(said) },
        idp: { provider: 'oidc', name: 'own', issuer: provider.url, clientId: 'page', clientSecret: 'secret' },
      });
      const axioms = {
        issuerUrl: issuer,
        audience: issuer,
        logger: { ...silent, error: (...said) => logged.push(said) },
      };
      const app = createExpressServer({ controllers: [...microservice.controllers], axioms });
      await serve(app, async url => {
        const { status } = await ask(`${url}/auth/login/own`, undefined, { redirect: 'manual' });
        const isOld = Number(versionOf('openid-client').split('.')[0]) < 6;
        assert.equal(status, isOld ? 500 : 303);
        if (isOld) assert.match(require('node:util').inspect(logged, { depth: 9 }), /version 6 or newer/);
      });
      await microservice.close();
      await provider.close();
    },
  },
  {
    subpath: 'microservice/typeorm',
    name: 'sessions are kept in a database',
    needs: ['typeorm', 'sql.js'],
    run: async () => {
      const { typeOrmStore } = from('microservice/typeorm');
      const folder = mkdtempSync(join(tmpdir(), 'installed-'));
      try {
        await signInWith(typeOrmStore({ file: join(folder, 'sessions.sqlite') }));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
];

const secret = 'Earthsea-0123456789-abcdefghijklmnopqrstuvwxyz';

async function signInWith(store) {
  const { MemoryUserStore, PhcPasswordHasher, createMicroservice } = from('microservice');
  const issuer = 'https://api.example.com';
  const users = new MemoryUserStore();
  const passwordHasher = new PhcPasswordHasher({ scrypt: { ln: 10, r: 1, p: 1 }, argon2: false, logger: silent });
  await users.create({ username: 'ged', passwordHash: await passwordHasher.hash('sparrowhawk') });
  const microservice = createMicroservice({
    issuer,
    audience: issuer,
    secret,
    users,
    store,
    passwordHasher,
    logger: silent,
  });
  class MeController {
    me() {
      return { sub: this.request.user.sub };
    }
  }
  const controllers = [...microservice.controllers, decorated(MeController, '/me', { me: Get('/') })];
  const app = createExpressServer({ controllers, axioms: { issuerUrl: issuer, audience: issuer, logger: silent } });
  try {
    await serve(app, async url => {
      const signIn = body =>
        ask(`${url}/auth/sign-in`, undefined, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        });
      assert.equal((await signIn({ username: 'ged', password: 'wrong' })).status, 401);
      const { status, text } = await signIn({ username: 'ged', password: 'sparrowhawk' });
      assert.equal(status, 200, text);
      assert.equal((await ask(`${url}/me`, JSON.parse(text).access_token)).status, 200);
    });
  } finally {
    await microservice.close();
  }
}

function isInstalled(names) {
  return names.split('|').some(name => versionOf(name) !== undefined);
}

/** Not every package exports its package.json. */
function versionOf(name) {
  const { existsSync, readFileSync } = require('node:fs');
  const file = join(process.cwd(), 'node_modules', name, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}

const available = checks.filter(({ needs = [] }) => needs.every(isInstalled));

async function runAll(wanted) {
  const chosen = available.filter(({ subpath = '.' }) => wanted.length === 0 || wanted.includes(subpath));
  const failed = [];
  for (const { subpath = '.', name, run } of chosen) {
    try {
      const remark = await run();
      console.log(`ok ${subpath}: ${name}${remark === undefined ? '' : ` (${remark})`}`);
    } catch (error) {
      failed.push(name);
      console.log(`not ok ${subpath}: ${name}\n${error?.stack ?? error}`);
    }
  }
  console.log(
    `${chosen.length - failed.length} passed, ${failed.length} failed, ${checks.length - chosen.length} skipped`,
  );
  process.exit(failed.length === 0 && chosen.length > 0 ? 0 : 1);
}

module.exports = { checks: available };
if (require.main === module) void runAll(process.argv.slice(2));

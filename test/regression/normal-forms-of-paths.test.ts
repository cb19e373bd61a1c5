/**
 * Faults: a path that was spelled with a raw character, with hex digits in lower case, or with one needless encoding
 * beside a needed one missed the route of that path, and reached an open one. So did every request for a route whose
 * path no client can spell as it was written.
 */
import { once } from 'node:events';
import { request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import express, { type Application } from 'express';
import { Get, JsonController, Param } from 'routing-controllers';
import { AllowAny, DenyAll, guardApp, requireAccessToken, useExpressServer } from 'axioms-routing-controllers';
import type { AxiomsServer } from 'axioms-routing-controllers';
import { permissionClasses } from 'axioms-routing-controllers/decorators';
import { TestIssuer } from '../issuer/test-issuer';
import { startError } from '../start-error';

const isExpress4 = 'lazyrouter' in express.application;
const handled: string[] = [];

type DecoratesMethod = (prototype: object, method: string) => void;

function guardedAt(...paths: readonly (string | RegExp)[]) {
  @JsonController('/reports')
  class ReportController {
    permissionClasses = [DenyAll];
    guarded() {
      handled.push('guarded');
      return {};
    }
  }
  for (const path of paths) (Get(path as string) as DecoratesMethod)(ReportController.prototype, 'guarded');
  return ReportController;
}

// routing-controllers registers controllers in the order of their decorators.
function openController() {
  @JsonController('/reports')
  class OpenController {
    @permissionClasses([AllowAny]) @Get('/:name') one(@Param('name') name: string) {
      handled.push(name);
      return { name };
    }
    @permissionClasses([AllowAny]) @Get('/:name/:part') two(@Param('name') name: string, @Param('part') part: string) {
      handled.push(`${name}/${part}`);
      return { name, part };
    }
  }
  return OpenController;
}

const missed = 'The path must encode the characters that need it, and no others, with capital hex digits';
const needless = 'The path encodes characters that need no encoding';

describe('a path in another form than its normal one', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());
  beforeEach(() => {
    handled.length = 0;
  });

  // Clients of the tests would encode some characters by themselves.
  async function answerOf(app: Application, path: string) {
    const server: Server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const asked = request({ host: '127.0.0.1', port, path, agent: false }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const body: unknown = JSON.parse(await text(response));
    server.close();
    const challenges = response.rawHeaders.filter(
      (_, index, fields) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === 'www-authenticate',
    );
    return { status: response.statusCode, challenges, body };
  }

  async function asked(guarded: readonly (string | RegExp)[], path: string, ...settings: readonly string[]) {
    const app = express();
    for (const setting of settings) app.enable(setting);
    useExpressServer(app, { controllers: [guardedAt(...guarded), openController()], axioms: issuer.settings() });
    const answer = await answerOf(app, path);
    (app.locals.axioms as AxiomsServer).close();
    return answer;
  }

  function refusal(description: string) {
    return { status: 400, challenges: [], body: { error: 'invalid_request', error_description: description } };
  }

  const notAuthenticated = {
    status: 401,
    challenges: ['Bearer realm="api"'],
    body: { error: 'not_authenticated', error_description: 'Authentication credentials were not provided' },
  };

  for (const [guarded, path] of [
    ['/a%7Cb', '/a|b'],
    ['/%22exact%22', '/"exact"'],
    ['/%7Bid%7D', '/{id}'],
    ['/%5Btags%5D', '/[tags]'],
    ['/a%5Cb', '/a\\b'],
    ['/a%5E%60b', '/a^`b'],
    ['/@me%7Cadmin', '/%40me%7Cadmin'],
    ['/@me%7Cadmin', '/%40me|admin'],
    ['/@me/%5Btags%5D', '/%40me/%5Btags%5D'],
    ['/@me/%5Btags%5D', '/@me/[tags]'],
    [/\/caf%C3%A9/, '/caf%c3%a9'],
    [/^\/a%7Cb$/, '/a|b'],
    [/^\/q1%2F2026$/, '/q1%2f2026'],
  ] as const)
    it(`reaches no handler where it misses the route ${String(guarded)}: ${path}`, async () => {
      expect(await asked([guarded], `/reports${path}`)).to.deep.equal(refusal(missed));
      expect(handled).to.deep.equal([]);
    });

  for (const path of ['/caf%c3%a9', '/caf%C3%a9'])
    it(`reaches no handler where the app distinguishes the cases: ${path}`, async () => {
      const answer = await asked(['/caf%C3%A9'], `/reports${path}`, 'case sensitive routing');
      expect(answer).to.deep.equal(refusal(missed));
      expect(handled).to.deep.equal([]);
    });

  for (const [guarded, path] of [
    ['/a%7Cb', '/a%7Cb'],
    ['/a%7Cb', '/a%7cb'],
    ['/@me%7Cadmin', '/@me%7Cadmin'],
    ['/caf%C3%A9', '/caf%c3%a9'],
    [/^\/a(?:[|]|%7C)b$/, '/a|b'],
    [/^\/a(?:[|]|%7C)b$/, '/a%7Cb'],
  ] as const)
    it(`is guarded where the route takes it: ${path} at ${String(guarded)}`, async () => {
      expect(await asked([guarded], `/reports${path}`)).to.deep.equal(notAuthenticated);
      expect(handled).to.deep.equal([]);
    });

  for (const [path, name] of [
    ['/a|c', 'a|c'],
    ['/{name}', '{name}'],
    ['/%40me%7Cguest', '@me|guest'],
    ['/caf%c3%a9-1', 'café-1'],
    ['/it%27s%20%26%20more', "it's & more"],
    ['/50%25', '50%'],
    ['/%E6%97%A5%E6%9C%AC', '日本'],
  ] as const)
    it(`is accepted where it misses no route: ${path}`, async () => {
      const guarded = ['/a%7Cb', '/%7Bid%7D', '/@me%7Cadmin', '/caf%C3%A9', /^\/caf%C3%A9-2$/];
      expect((await asked(guarded, `/reports${path}`)).body).to.deep.equal({ name });
      expect(handled).to.deep.equal([name]);
    });

  it('reaches no handler where the route is a regex with a character that no request has as it is', async () => {
    expect(await asked([/^\/(?:café|sales report)$/], '/reports/caf%C3%A9')).to.deep.equal(refusal(needless));
    expect(await asked([/^\/(?:café|sales report)$/], '/reports/sales%20report')).to.deep.equal(refusal(needless));
    expect(handled).to.deep.equal([]);
  });

  it('reaches no handler where it misses a guard in front of a mounted app', async () => {
    const app = express();
    const server = guardApp(app, issuer.settings());
    app.use('/api/reports/a%7Cb', requireAccessToken({ scopes: ['admin'], server }));
    const inner = express();
    useExpressServer(inner, { controllers: [openController()], axioms: issuer.settings() });
    app.use('/api', inner);
    expect(await answerOf(app, '/api/reports/a|b')).to.deep.equal(refusal(missed));
    expect((await answerOf(app, '/api/reports/a%7Cb')).status).to.equal(401);
    expect(handled).to.deep.equal([]);
    expect((await answerOf(app, '/api/reports/a|c')).body).to.deep.equal({ name: 'a|c' });
    server.close();
    (inner.locals.axioms as AxiomsServer).close();
  });

  function textError(path: string, normal: string): string {
    return `The path /reports${path} of ReportController.guarded has a character that clients encode, or hex digits in lower case: requests that send it as /reports${normal} miss it, and reach another route. Write /reports${normal} instead.`;
  }

  for (const [path, normal] of [
    ['/café', '/caf%C3%A9'],
    ['/sales report', '/sales%20report'],
    ['/日本/:id', '/%E6%97%A5%E6%9C%AC/:id'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/"exact"', '/%22exact%22'],
    ['/a\\{b\\}', '/a%7Bb%7D'],
    ['/what\\?', '/what%3F'],
    ['/100%', '/100%25'],
    ['/a#b', '/a%23b'],
    ...(isExpress4 ? [] : [['/a|b{/é}', '/a%7Cb{/%C3%A9}'] as const]),
  ] as const)
    it(`in a route stops the start: ${path}`, () => {
      expect(startError(guardedAt(path))).to.equal(textError(path, normal));
    });

  it('in the path of a class stops the start, also in front of a regex', () => {
    @JsonController('/caf%c3%a9')
    class CafeController {
      permissionClasses = [AllowAny];
      @Get(/\/\d+/) one() {
        return {};
      }
    }
    expect(startError(CafeController)).to.contain('The path /caf%c3%a9 of CafeController.one has');
  });

  it('in a regex stops the start if the regex does not take the normal form as well', () => {
    expect(startError(guardedAt(/^\/caf%c3%a9$/))).to.equal(
      String.raw`The regex /^\/[rR][eE][pP][oO][rR][tT][sS](?:\/caf%c3%a9)\/?$/ of ReportController.guarded takes /reports/caf%c3%a9, but not /reports/caf%C3%A9: requests that send that miss it, and reach another route. Write the path in this form.`,
    );
    expect(startError(guardedAt(/^\/%40me$/))).to.contain('but not /reports/@me: requests');
  });

  for (const [path, taken] of [
    ['/caf%C3%A9', '/caf%C3%A9'],
    ['/%7Bid%7D', '/%7Bid%7D'],
    ["/a!b$&'c".replace(/[!$]/g, '\\$&'), "/a!b$&'c"],
    ['/\\:me\\(x\\)', '/:me(x)'],
    [/^\/caf%c3%a9$/i, '/caf%C3%A9'],
    [/^\/(?:%40|@)me$/, '/@me'],
    ...(isExpress4
      ? [
          ['/:id([^ é|]+)/x', '/7/x'],
          ['/x|y', '/x'],
        ]
      : [
          ['/:café/x', '/7/x'],
          ['/*"my rest"', '/7/x'],
        ]),
  ] as readonly (readonly [string | RegExp, string])[])
    it(`does not stop the start of a route that takes the normal form: ${String(path)}`, async () => {
      expect(await asked([path], `/reports${taken}`)).to.deep.equal(notAuthenticated);
      expect(handled).to.deep.equal([]);
    });
});

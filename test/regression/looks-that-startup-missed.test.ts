/** A getter may begin to look at the body after the start, as when a flag changes: a form must be decided as JSON is. */
import { expect } from 'chai';
import { Body, JsonController, Post, UploadedFile } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  HasAccessTokenScopes,
  HasValidAccessToken,
  type ApiView,
  type AuthenticationClass,
} from 'axioms-routing-controllers';
import { ScopedRateThrottle, SimpleRateThrottle } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';
import { expectExactRefusal, expectRefusal, notAuthenticated } from '../refusals';

let handled = 0;
let isStrict = false;

const kindIn = ({ body }: ApiView['request']): string | undefined => (Object(body) as { kind?: string }).kind;

abstract class Posts {
  declare request: ApiView['request'];
  @Post('/form') form(@UploadedFile('file') _file: unknown) {
    handled += 1;
    return {};
  }
  @Post('/json') json(@Body({ validate: false }) _body: object) {
    handled += 1;
    return {};
  }
}

@JsonController('/scopes')
class ScopesController extends Posts {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return isStrict && kindIn(this.request) === 'secret' ? ['admin'] : ['user'];
  }
}

@JsonController('/classes')
class ClassesController extends Posts {
  permissionClasses = [AllowAny];
  get authenticationClasses(): AuthenticationClass[] {
    return isStrict && kindIn(this.request) === 'secret' ? [HasValidAccessToken] : [AccessTokenAuthentication];
  }
}

@JsonController('/scoped')
class ScopedController extends Posts {
  permissionClasses = [AllowAny];
  throttleClasses = [ScopedRateThrottle];
  get throttleScope() {
    return kindIn(this.request) === 'secret' ? 'few' : 'many';
  }
}

class ByKind extends SimpleRateThrottle {
  override getRate(request: ApiView['request']) {
    return kindIn(request) === 'secret' ? '1/hour' : '1000/hour';
  }
  getCacheKey() {
    return 'all';
  }
}

@JsonController('/rated')
class RatedController extends Posts {
  permissionClasses = [AllowAny];
  throttleClasses = [ByKind];
}

describe('regression: what a getter of a route with a form begins to look at', () => {
  let api: Api;
  before(async () => {
    isStrict = false;
    api = await Api.start({
      controllers: [ScopesController, ClassesController, ScopedController, RatedController],
      axioms: { throttleRates: { few: '1/hour', many: '3/hour' } },
    });
    isStrict = true;
  });
  after(() => api.close());
  beforeEach(() => {
    handled = 0;
  });

  const senders = {
    JSON: (path: string, kind: string, claims: object | null) => api.as(claims, 'post', `${path}/json`).send({ kind }),
    'a form with a file': (path: string, kind: string, claims: object | null) =>
      api.as(claims, 'post', `${path}/form`).field({ kind }).attach('file', Buffer.from('x'), 'x.txt'),
  };

  for (const [name, send] of Object.entries(senders)) {
    it(`decides by ${name} which scopes are needed`, async () => {
      expectRefusal(await send('/scopes', 'secret', { scope: 'user' }), 'insufficient_scope', 'admin');
      expect(handled).to.equal(0);
      expect((await send('/scopes', 'plain', { scope: 'user' })).status).to.equal(200);
    });

    it(`decides by ${name} which credentials are needed`, async () => {
      expectExactRefusal(await send('/classes', 'secret', null), notAuthenticated);
      expect(handled).to.equal(0);
      expect((await send('/classes', 'plain', null)).status).to.equal(200);
    });

    for (const path of ['/scoped', '/rated'])
      it(`counts by ${name} under the name and the rate that apply, and once: ${path}`, async () => {
        const statusesOf = async (kind: string): Promise<number[]> => {
          const statuses: number[] = [];
          for (let time = 0; time < 3; time++) statuses.push((await send(path, kind, { sub: name })).status);
          return statuses;
        };
        const refused = path === '/rated' && name !== 'JSON' ? [429, 429, 429] : [200, 429, 429];
        expect(await statusesOf('secret')).to.deep.equal(refused);
        if (name === 'JSON') expect(await statusesOf('plain')).to.deep.equal([200, 200, 200]);
      });
  }
});

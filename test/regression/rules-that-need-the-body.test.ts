/** Getters that read the body must decide by it, wherever they stand and whatever they remember. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Body, BodyParam, JsonController, Post, UploadedFile } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAuthenticated,
  type ApiView,
  type AuthenticationClass,
  type PermissionClass,
} from 'axioms-routing-controllers';
import { ScopedRateThrottle, UserRateThrottle, type ThrottleClass } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';
import { expectExactRefusal, notAuthenticated, expectRefusal } from '../refusals';

let handled = 0;

const kindIn = ({ body }: { readonly body?: unknown }): string | undefined => (Object(body) as { kind?: string }).kind;

abstract class Posts {
  declare request: ApiView['request'];

  @Post('/json') json(@Body({ validate: false }) _body: object) {
    handled += 1;
    return {};
  }
  @Post('/form') form(@UploadedFile('file') _file: unknown, @BodyParam('kind') _kind: string) {
    handled += 1;
    return {};
  }
}

@JsonController('/memo')
class MemoController extends Posts {
  #kind: string | undefined;
  accessTokenScopes = ['official'];

  get permissionClasses(): PermissionClass[] {
    this.#kind ??= kindIn(this.request) ?? 'draft';
    return this.#kind === 'official' ? [HasAccessTokenScopes] : [IsAuthenticated];
  }
}

@JsonController('/empty')
class EmptyController extends Posts {
  accessTokenScopes = ['official'];

  get permissionClasses(): PermissionClass[] {
    return kindIn(this.request) === 'official' ? [HasAccessTokenScopes] : [];
  }
}

@JsonController('/classes')
class ClassesController extends Posts {
  permissionClasses = [AllowAny];

  get authenticationClasses(): AuthenticationClass[] {
    return kindIn(this.request) === 'official' ? [HasValidAccessToken] : [];
  }
}

class PublicDrafts extends AccessTokenAuthentication {
  override readonly isMandatory = true;

  override isPublic(request: Request): boolean {
    return kindIn(request) !== 'official';
  }
}

@JsonController('/public')
class PublicController extends Posts {
  authenticationClasses = [PublicDrafts];
}

/** Only the class of the list insists on a caller. */
@JsonController('/insisting')
class InsistingController extends Posts {
  authenticationClasses = [PublicDrafts];
  permissionClasses = [AllowAny];
}

@JsonController('/throttled')
class ThrottledController extends Posts {
  permissionClasses = [AllowAny];
  throttleClasses = [ScopedRateThrottle];

  get throttleScope(): string | undefined {
    return kindIn(this.request) === 'official' ? 'official' : undefined;
  }
}

@JsonController('/added')
class AddedController extends Posts {
  permissionClasses = [AllowAny];

  get throttleClasses(): ThrottleClass[] {
    return kindIn(this.request) === 'official' ? [UserRateThrottle] : [];
  }
}

describe('regression: a getter that reads the body', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [
        MemoController,
        EmptyController,
        ClassesController,
        PublicController,
        InsistingController,
        ThrottledController,
        AddedController,
      ],
      axioms: { throttleRates: { official: '1/hour', user: '1/hour' } },
    });
  });
  after(() => api.close());
  beforeEach(() => {
    handled = 0;
  });

  const sendJson = (path: string, kind: string, claims: object | null = null) =>
    api.as(claims, 'post', `${path}/json`).send({ kind });
  const sendForm = (path: string, kind: string, claims: object | null = null) =>
    api.as(claims, 'post', `${path}/form`).field({ kind }).attach('file', Buffer.from('x'), 'x.txt');

  it('is left at that look, so that it remembers no result without a body', async () => {
    expectRefusal(await sendJson('/memo', 'official', { sub: 'alice' }), 'insufficient_scope', 'official');
    expect(handled).to.equal(0);
    expect((await sendJson('/memo', 'draft', { sub: 'alice' })).status).to.equal(200);
    expect((await sendJson('/memo', 'official', { sub: 'alice', scope: 'official' })).status).to.equal(200);
  });

  for (const path of ['/empty', '/classes', '/public', '/insisting'])
    for (const [name, send] of [
      ['JSON', sendJson],
      ['a form with a file', sendForm],
    ] as const)
      it(`decides by ${name}: ${path}`, async () => {
        const refused = await send(path, 'official');
        expectExactRefusal(refused, notAuthenticated);
        expect(handled).to.equal(0);
        expect((await send(path, 'draft')).status).to.equal(200);
        expect((await send(path, 'official', { sub: 'alice', scope: 'official' })).status).to.equal(200);
        expect(handled).to.equal(2);
      });

  for (const path of ['/throttled', '/added'])
    for (const [name, send] of [
      ['JSON', sendJson],
      ['a form with a file', sendForm],
    ] as const)
      it(`counts by ${name}: ${path}`, async () => {
        const claims = { sub: name };
        expect((await send(path, 'draft', claims)).status).to.equal(200);
        const statuses: number[] = [];
        for (let time = 0; time < 3; time++) statuses.push((await send(path, 'official', claims)).status);
        expect(statuses).to.deep.equal([200, 429, 429]);
      });
});

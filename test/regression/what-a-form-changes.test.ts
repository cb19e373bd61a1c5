/** multer reads the fields of a form after the rules: what depends on them must be decided as for a JSON body. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Authorized, Body, JsonController, Post, Put, UploadedFile, type Action } from 'routing-controllers';
import {
  AllowAny,
  ApiController,
  BasePermission,
  IsAuthenticated,
  IsSubOwner,
  TokenHasScope,
  callerOf,
  type ApiView,
} from 'axioms-routing-controllers';
import { SimpleRateThrottle } from 'axioms-routing-controllers/throttling';
import { Api, type Method } from '../api';
import { expectExactRefusal, permissionDenied } from '../refusals';

type Fields = Readonly<Record<string, string>>;

let handled = 0;

const field = ({ body }: Request, name: string): string | undefined => (Object(body) as Partial<Fields>)[name];

const folders: readonly { readonly id: string; readonly user: string }[] = [
  { id: 'of-alice', user: 'alice' },
  { id: 'of-eve', user: 'eve' },
];

/** It has no rule before there is an object, so that all of its list is decided before the body. */
class IsNamedFolder extends BasePermission {
  override hasObjectPermission(request: Request, _controller: ApiView, { id }: { id: string }): boolean {
    return (field(request, 'folder') ?? id) === id;
  }
}

class IsOwnNamedFolder extends IsSubOwner {
  override hasObjectPermission(request: Request, controller: ApiView, object: { id: string }) {
    return (
      (field(request, 'folder') ?? object.id) === object.id && super.hasObjectPermission(request, controller, object)
    );
  }
}

abstract class Uploads extends ApiController {
  override getObject(): unknown {
    return folders[1];
  }
  @Put('/form/:id') form(@UploadedFile('file') _file: unknown) {
    handled += 1;
    return {};
  }
  @Put('/json/:id') json(@Body({ validate: false }) _body: object) {
    handled += 1;
    return {};
  }
}

@JsonController('/named')
class NamedController extends Uploads {
  override permissionClasses = [IsAuthenticated, IsNamedFolder];
}

@JsonController('/owned')
class OwnedController extends Uploads {
  override permissionClasses = [IsOwnNamedFolder];
}

@JsonController('/owner-of')
class OwnerOfController extends Uploads {
  override permissionClasses = [IsSubOwner];
  override ownerOf(request: Request) {
    return field(request, 'as') ?? callerOf(request).sub;
  }
}

@JsonController('/loaded')
class LoadedController extends Uploads {
  override permissionClasses = [IsSubOwner];
  override getObject(): unknown {
    const named = field(this.request, 'folder');
    const isMeant = ({ id, user }: { id: string; user: string }): boolean =>
      named === undefined ? user === callerOf(this.request).sub : id === named;
    return folders.find(isMeant);
  }
}

@JsonController('/checked')
class CheckedController extends Uploads {
  override permissionClasses = [IsAuthenticated];
  @Authorized('x') @Put('/form/:id') override form(@UploadedFile('file') _file: unknown) {
    return super.form(_file);
  }
  @Authorized('x') @Put('/json/:id') override json(@Body({ validate: false }) _body: object) {
    return super.json(_body);
  }
}

class ByMail extends SimpleRateThrottle {
  override rate = '2/hour';
  override getCacheKey(request: Request): string | null {
    return field(request, 'mail') ?? null;
  }
}

class ByAddress extends SimpleRateThrottle {
  override rate = '3/hour';
  override getCacheKey(): string {
    return 'everybody';
  }
}

@JsonController('/mails')
class MailController {
  permissionClasses = [AllowAny];
  throttleClasses = [ByMail];
  @Post('/form') form(@UploadedFile('file') _file: unknown) {
    handled += 1;
    return {};
  }
}

@JsonController('/counted')
class CountedController {
  permissionClasses = [AllowAny];
  throttleClasses = [ByAddress];
  @Post('/form') form(@UploadedFile('file') _file: unknown) {
    handled += 1;
    return {};
  }
}

class PublishScope extends TokenHasScope {
  override scopesFor(controller: ApiView, request?: Request): readonly string[] {
    const scopes = super.scopesFor(controller, request);
    return request !== undefined && field(request, 'publish') !== undefined ? [...scopes, 'publish'] : scopes;
  }
}

@JsonController('/published')
class PublishedController {
  permissionClasses = [PublishScope];
  requiredScopes = ['write'];
  @Post('/json') json(@Body({ validate: false }) _body: object) {
    handled += 1;
    return {};
  }
}

describe('regression: what a form changes', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [
        NamedController,
        OwnedController,
        OwnerOfController,
        LoadedController,
        CheckedController,
        MailController,
        CountedController,
        PublishedController,
      ],
      authorizationChecker: ({ request }: Action) => (field(request as Request, 'tenant') ?? 'mine') === 'mine',
    });
  });
  after(() => api.close());
  beforeEach(() => {
    handled = 0;
  });

  const form = (method: Method, path: string, fields: Fields) =>
    api.as({ sub: 'eve' }, method, path).field(fields).attach('file', Buffer.from('x'), 'x.txt');
  const json = (method: Method, path: string, fields: Fields) => api.as({ sub: 'eve' }, method, path).send(fields);

  for (const [path, fields] of [
    ['/named', { folder: 'of-alice' }],
    ['/owned', { folder: 'of-alice' }],
    ['/owner-of', { as: 'bob' }],
    ['/loaded', { folder: 'of-alice' }],
  ] as const) {
    it(`is refused by an object rule, as in JSON: ${path}`, async () => {
      expectExactRefusal(await json('put', `${path}/json/1`, fields), permissionDenied);
      expectExactRefusal(await form('put', `${path}/form/1`, fields), permissionDenied);
      expect(handled).to.equal(0);
    });

    it(`is admitted where the fields say nothing else: ${path}`, async () => {
      expect((await form('put', `${path}/form/1`, { folder: 'of-eve' })).status).to.equal(200);
      expect(handled).to.equal(1);
    });
  }

  it("is shown to the app's own authorizationChecker", async () => {
    for (const send of [json, form]) {
      const path = `/checked/${send === json ? 'json' : 'form'}/1`;
      expect((await send('put', path, { tenant: 'theirs' })).status).to.equal(403);
      expect(handled).to.equal(0);
      expect((await send('put', path, { tenant: 'mine' })).status).to.equal(200);
      handled = 0;
    }
  });

  it('is counted by a throttle whose key is a field, once a request', async () => {
    const statuses: number[] = [];
    for (const mail of ['a', 'a', 'a', 'b']) statuses.push((await form('post', '/mails/form', { mail })).status);
    expect(statuses).to.deep.equal([200, 200, 429, 200]);
    expect(handled).to.equal(3);
  });

  it('is counted once by a throttle that has its key before', async () => {
    const statuses: number[] = [];
    for (const mail of ['a', 'b', 'c', 'd']) statuses.push((await form('post', '/counted/form', { mail })).status);
    expect(statuses).to.deep.equal([200, 200, 200, 429]);
  });

  it('is seen by a scopesFor() of a subclass, which is asked once the body is there', async () => {
    const token = { sub: 'eve', scope: 'write' };
    const refused = await api.as(token, 'post', '/published/json').send({ publish: '1' });
    expectExactRefusal(refused, permissionDenied);
    expect(handled).to.equal(0);
    expect((await api.as(token, 'post', '/published/json').send({ draft: '1' })).status).to.equal(200);
  });
});

import { expect } from 'chai';
import { BodyParam, JsonController, Post, Put, UploadedFile } from 'routing-controllers';
import {
  ApiController,
  BasePermission,
  HasAccessTokenScopes,
  HasAuthorizationDetails,
  type AuthorizationDetail,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectExactRefusal, permissionDenied } from '../refusals';

let handled = 0;
const asked: unknown[] = [];

class InOwnTenant extends BasePermission {
  override hasPermission({ body, user }: AxiomsRequest): boolean {
    const { tenant } = Object(body) as { tenant?: string };
    asked.push(tenant);
    return tenant === undefined || tenant === user?.sub;
  }
}

class IsOwnFolder extends BasePermission {
  override hasObjectPermission({ body }: AxiomsRequest, _controller: unknown, folder: unknown): boolean {
    const { folder: named } = Object(body) as { folder?: string };
    return named === undefined || named === folder;
  }
}

@JsonController('/payments')
class PaymentController {
  permissionClasses = [HasAuthorizationDetails];
  authorizationDetails = {
    type: 'payment_initiation',
    matches: ({ creditor }: AuthorizationDetail, { body }: AxiomsRequest) =>
      typeof creditor === 'string' && creditor === (Object(body) as { creditor?: string }).creditor,
  };

  @Post('/') create(@UploadedFile('file') _file: unknown) {
    handled += 1;
    return {};
  }
  @Put('/') replace(@BodyParam('creditor') _creditor: string) {
    handled += 1;
    return {};
  }
}

@JsonController('/documents')
class DocumentController extends ApiController {
  override permissionClasses = [HasAccessTokenScopes, InOwnTenant];
  override get accessTokenScopes() {
    const { publish } = Object(this.request.body) as { publish?: string };
    return publish === undefined ? ['document:create'] : ['document:publish'];
  }

  @Post('/') create(@UploadedFile('file') _file: unknown) {
    handled += 1;
    return {};
  }
}

@JsonController('/folders')
class FolderController extends ApiController {
  override permissionClasses = [InOwnTenant, IsOwnFolder];
  override getObject() {
    return 'mine';
  }

  @Put('/:id') replace(@UploadedFile('file') _file: unknown) {
    handled += 1;
    return {};
  }
}

describe('a rule that looks at the body, on a route with an upload', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [DocumentController, FolderController, PaymentController] });
  });
  after(() => api.close());
  beforeEach(() => {
    handled = 0;
    asked.length = 0;
  });

  const form = (method: 'post' | 'put', path: string, fields: Readonly<Record<string, string>>) =>
    api
      .as({ sub: 'acme', scope: 'document:create' }, method, path)
      .field(fields)
      .attach('file', Buffer.from('x'), 'x.txt');

  it('sees the fields of the form before the handler runs', async () => {
    expect((await form('post', '/documents', { tenant: 'acme' })).status).to.equal(200);
    expect(asked).to.deep.equal([undefined, 'acme']);
    expect(handled).to.equal(1);
  });

  it('refuses a field that the rule forbids', async () => {
    expectExactRefusal(await form('post', '/documents', { tenant: 'evil' }), permissionDenied);
    expect(handled).to.equal(0);
  });

  it('refuses a field that needs another scope', async () => {
    const answer = await form('post', '/documents', { publish: '1' });
    expect(answer.status).to.equal(403);
    expect(answer.headers['www-authenticate']).to.equal(
      'Bearer realm="api", error="insufficient_scope", error_description="The access token does not have the scope that this request needs", scope="document:publish"',
    );
    expect(handled).to.equal(0);
  });

  it('refuses every form where it refuses without the field, and lets the same field as JSON through', async () => {
    const claims = { authorization_details: [{ type: 'payment_initiation', creditor: 'ged' }] };
    const asForm = api.as(claims, 'post', '/payments').field({ creditor: 'ged' });
    expectExactRefusal(await asForm.attach('file', Buffer.from('x'), 'x.txt'), permissionDenied);
    expect(handled).to.equal(0);
    await api.as(claims, 'put', '/payments').send({ creditor: 'ged' }).expect(200);
  });

  it('is asked about the object again', async () => {
    expect((await form('put', '/folders/1', { folder: 'mine' })).status).to.equal(200);
    expectExactRefusal(await form('put', '/folders/1', { folder: 'theirs' }), permissionDenied);
    expect(handled).to.equal(1);
  });
});

/** The claims that hold the subject: which of them did is part of the identity (RFC 9068 §5, RFC 9700 §4.15). */
import { expect } from 'chai';
import express, { type Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response, type Test } from 'supertest';
import {
  AccessTokenAuthentication,
  IntrospectionAuthentication,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  MemoryDenylist,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { ClaimRateThrottle, UserRateThrottle } from 'axioms-routing-controllers/throttling';
import { IntrospectionEndpoint } from '../issuer/introspection-endpoint';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, invalidToken, permissionDenied } from '../refusals';

const ran: string[] = [];

abstract class Base {
  authenticationClasses: readonly unknown[] = [AccessTokenAuthentication];
  declare request: AxiomsRequest;
}

@JsonController('/who')
class WhoController extends Base {
  @Get('/') who() {
    const { sub, subjectClaim } = this.request.user!;
    return { sub, subjectClaim };
  }
}

@JsonController('/notes')
class NoteController extends Base {
  permissionClasses = [IsSubOwner];
  getObject() {
    return { user: 'alice' };
  }
  @Get('/:id') get() {
    ran.push('note');
    return {};
  }
}

@JsonController('/safe-notes')
class SafeNoteController extends Base {
  permissionClasses = [IsSubOwnerOrSafeOnly];
  safeMethods = [];
  getObject() {
    return { user: 'alice' };
  }
  @Get('/:id') get() {
    ran.push('safe note');
    return {};
  }
}

@JsonController('/client-notes')
class ClientNoteController extends Base {
  permissionClasses = [IsSubOwner];
  ownerOf({ user }: AxiomsRequest) {
    return `${user?.subjectClaim ?? ''} ${user?.sub ?? ''}`;
  }
  getObject() {
    return { user: 'client_id alice' };
  }
  @Get('/:id') get() {
    ran.push('client note');
    return {};
  }
}

class TenantThrottle extends ClaimRateThrottle {
  claim = 'tenant';
  override scope = 'tenant';
}

@JsonController('/counted')
class CountedController extends Base {
  throttleClasses = [UserRateThrottle];
  @Get('/') get() {
    return {};
  }
}

@JsonController('/tenant-counted')
class TenantCountedController extends Base {
  throttleClasses = [TenantThrottle];
  @Get('/') get() {
    return {};
  }
}

const controllers = [
  WhoController,
  NoteController,
  SafeNoteController,
  ClientNoteController,
  CountedController,
  TenantCountedController,
];
const throttleRates = { user: '2/hour', tenant: '2/hour' };
const noSubject = { sub: undefined };

describe('The setting subjectClaims', () => {
  let issuer: TestIssuer;
  let app: Express;

  beforeEach(async () => {
    issuer = await TestIssuer.start();
    ran.length = 0;
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  function serve(settings: SettingsInput = { subjectClaims: ['sub', 'client_id'] }): void {
    app = useExpressServer(express(), { controllers, axioms: { ...issuer.settings(), throttleRates, ...settings } });
  }
  const get = (path: string, claims: object): Test =>
    request(app)
      .get(path)
      .set('Authorization', `Bearer ${issuer.token(claims)}`);

  it('is sub by default: a token without one is refused, whatever else it has', async () => {
    serve({});
    for (const claims of [noSubject, { sub: '' }, { sub: 7 }, { ...noSubject, client_id: 'alice' }])
      expectExactRefusal(await get('/who', claims), invalidToken('The access token has no subject'));
  });

  it('takes the first claim that is present with a non-empty text, and says which it was', async () => {
    serve({ subjectClaims: ['sub', 'client_id', '/act/sub'] });
    for (const [claims, sub, subjectClaim] of [
      [{ sub: 'alice', client_id: 'app' }, 'alice', 'sub'],
      [{ ...noSubject, client_id: 'app' }, 'app', 'client_id'],
      [{ sub: '', client_id: 'app' }, 'app', 'client_id'],
      [{ sub: null, client_id: ['x'], act: { sub: 'deep' } }, 'deep', '/act/sub'],
    ] as const)
      expect((await get('/who', claims)).body).to.deep.equal({ sub, subjectClaim });
    for (const claims of [noSubject, { ...noSubject, client_id: '' }, { ...noSubject, client_id: 7 }])
      expectExactRefusal(await get('/who', claims), invalidToken('The access token has no subject'));
  });

  it('can be given in a variable, and names its own claim alone', async () => {
    serve({ subjectClaims: 'uid' });
    expect((await get('/who', { sub: 'alice', uid: 'u1' })).body).to.deep.equal({ sub: 'u1', subjectClaim: 'uid' });
    expectExactRefusal(await get('/who', { sub: 'alice' }), invalidToken('The access token has no subject'));
  });

  // Regression: a client whose client_id is spelled like a user's sub read the user's notes.
  for (const path of ['/notes/1', '/safe-notes/1'])
    it(`lets a client_id that is spelled like a user's sub own nothing of the user's: ${path}`, async () => {
      serve();
      expectExactRefusal(await get(path, { ...noSubject, client_id: 'alice' }), permissionDenied);
      expect(ran).to.deep.equal([]);
      await get(path, { sub: 'alice', client_id: 'app' }).expect(200);
    });

  it('lets ownerOf() say what a client owns', async () => {
    serve();
    await get('/client-notes/1', { ...noSubject, client_id: 'alice' }).expect(200);
    expectExactRefusal(await get('/client-notes/1', { sub: 'alice' }), permissionDenied);
  });

  it('lets the first entry own objects, whichever claim it is', async () => {
    serve({ subjectClaims: ['uid', 'sub'] });
    await get('/notes/1', { uid: 'alice' }).expect(200);
    expectExactRefusal(await get('/notes/1', { sub: 'alice' }), permissionDenied);
  });

  for (const path of ['/counted', '/tenant-counted'])
    it(`counts a client and the user that is spelled like it apart: ${path}`, async () => {
      serve();
      const statuses = async (claims: object): Promise<number[]> => {
        const answers: Response[] = [];
        for (let time = 0; time < 3; time += 1) answers.push(await get(path, claims));
        return answers.map(({ status }) => status);
      };
      expect(await statuses({ sub: 'alice', client_id: 'app' })).to.deep.equal([200, 200, 429]);
      expect(await statuses({ ...noSubject, client_id: 'alice' })).to.deep.equal([200, 200, 429]);
    });

  it('refuses a client and the user that is spelled like it apart, in a denylist', async () => {
    const denylist = new MemoryDenylist();
    serve({ subjectClaims: ['sub', 'uid'], denylist });
    const [user, other] = [{ sub: 'alice' }, { ...noSubject, uid: 'alice' }];
    denylist.revoke({ iss: issuer.url, sub: 'alice' });
    await get('/who', user).expect(401);
    await get('/who', other).expect(200);
    denylist.revoke({ iss: issuer.url, sub: 'bob', subjectClaim: 'uid' });
    await get('/who', { sub: 'bob' }).expect(200);
    await get('/who', { ...noSubject, uid: 'bob' }).expect(401);
    expect(() => {
      denylist.revoke({ iss: issuer.url, jti: 'x', subjectClaim: 'uid' } as never);
    }).to.throw(TypeError);
  });

  it('is sub for the profile rfc9068, which requires it', async () => {
    serve({ profile: 'rfc9068', subjectClaims: ['sub', 'client_id'] });
    const claims = { client_id: 'app', jti: 'j1', iat: Math.floor(Date.now() / 1000) };
    const token = issuer.token({ ...claims, ...noSubject }, { typ: 'at+jwt' });
    const refused = await request(app).get('/who').set('Authorization', `Bearer ${token}`);
    expectExactRefusal(refused, invalidToken('The access token lacks a claim of its profile'));
  });
});

describe('The setting introspectionSubjectClaims', () => {
  let endpoint: IntrospectionEndpoint;
  let app: Express;

  @JsonController('/opaque-notes')
  class OpaqueNoteController extends NoteController {
    override authenticationClasses = [IntrospectionAuthentication];
  }
  @JsonController('/opaque-who')
  class OpaqueWhoController extends WhoController {
    override authenticationClasses = [IntrospectionAuthentication];
  }

  beforeEach(async () => {
    endpoint = await IntrospectionEndpoint.start();
    app = useExpressServer(express(), {
      controllers: [OpaqueNoteController, OpaqueWhoController],
      axioms: { ...endpoint.settings, introspectionSubjectClaims: ['sub', 'client_id'] },
    });
    ran.length = 0;
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await endpoint.close();
  });

  const get = (path: string): Test => request(app).get(path).set('Authorization', 'Bearer opaque');

  it("lets a client_id that is spelled like a user's sub own nothing of the user's", async () => {
    endpoint.answer = () => endpoint.good({ sub: undefined, client_id: 'alice' });
    expect((await get('/opaque-who')).body).to.deep.equal({ sub: 'alice', subjectClaim: 'client_id' });
    expectExactRefusal(await get('/opaque-notes/1'), permissionDenied);
    expect(ran).to.deep.equal([]);
  });

  it('lets the subject of the first claim own objects', async () => {
    endpoint.answer = () => endpoint.good({ sub: 'alice', client_id: 'app' });
    await get('/opaque-notes/1').expect(200);
    expect(ran).to.deep.equal(['note']);
  });
});

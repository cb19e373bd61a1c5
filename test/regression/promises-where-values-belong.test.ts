/** A promise where a value belongs is a mistake of the app. If it also rejects, that must not end the process. */
import { expect } from 'chai';
import { Body, Get, JsonController, Param, Post } from 'routing-controllers';
import { IsString, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  BasePermission,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAuthenticated,
  IsSubOwner,
  healthMiddleware,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

const rejected = (): never => Promise.reject(new Error('The database is away')) as never;
const isBad = ({ query }: AxiomsRequest): boolean => query['bad'] !== undefined;

@JsonController('/lists')
class ListsController {
  declare request: AxiomsRequest;
  accessTokenScopes = ['read'];
  get permissionClasses() {
    return isBad(this.request) ? rejected() : [HasAccessTokenScopes];
  }
  @Get('/') list() {
    return [];
  }
}

class BadHeader extends AccessTokenAuthentication {
  override authenticateHeader(): never {
    return rejected();
  }
}

@JsonController('/headers')
class HeadersController {
  authenticationClasses = [BadHeader];
  @Get('/') list() {
    return [];
  }
}

class BadWait extends BaseThrottle {
  allowRequest(): boolean {
    return false;
  }
  override wait(): never {
    return rejected();
  }
}

@JsonController('/waits')
class WaitsController {
  permissionClasses = [AllowAny];
  throttleClasses = [BadWait];
  @Get('/') list() {
    return [];
  }
}

class BadPublic extends HasValidAccessToken {
  override isPublic(): never {
    return rejected();
  }
}

@JsonController('/public')
class PublicController {
  authenticationClasses = [BadPublic];
  @Get('/') list() {
    return [];
  }
}

class BadChallenges extends AccessTokenAuthentication {
  override challenges(): never {
    return rejected();
  }
}

@JsonController('/challenges')
class ChallengesController {
  authenticationClasses = [BadChallenges];
  @Get('/') list() {
    return [];
  }
}

class BadUser extends AccessTokenAuthentication {
  override currentUser(): never {
    return rejected();
  }
}

@JsonController('/users')
class UsersController {
  authenticationClasses = [BadUser];
  permissionClasses = [IsAuthenticated];
  @Get('/') list() {
    return [];
  }
}

class BadWords extends BasePermission {
  override hasPermission() {
    return false;
  }
}
for (const name of ['message', 'code']) Object.defineProperty(BadWords.prototype, name, { get: rejected });

@JsonController('/words')
class WordsController {
  permissionClasses = [BadWords];
  @Get('/') list() {
    return [];
  }
}

@JsonController('/notes')
class NotesController {
  permissionClasses = [IsSubOwner];
  ownerAttribute = 'owner';

  getObject() {
    // As a lazy relation, whose query fails.
    return Object.defineProperty({}, 'owner', { get: rejected, enumerable: true });
  }

  @Get('/:id') get() {
    return {};
  }
}

describe('regression: a promise that rejects where a value belongs', () => {
  forbidStrayErrors();
  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [
        ListsController,
        HeadersController,
        WaitsController,
        PublicController,
        ChallengesController,
        UsersController,
        WordsController,
        NotesController,
      ],
    });
  });
  after(() => api.close());

  for (const [what, path, status] of [
    ['the list of permission classes', '/lists?bad', 500],
    ['a challenge', '/headers', 500],
    ['the wait of a throttle', '/waits', 429],
    ['what a class says of its method', '/public', 401],
    ['the challenges of a class', '/challenges', 500],
    ['the current user of a class', '/users?token', 401],
    ['the words of a permission', '/words?token', 403],
    ['the owner of an object', '/notes/1?token', 500],
  ] as const)
    it(`does not end the process as ${what}`, async () => {
      const asked = request(api.app).get(path);
      if (path.startsWith('/lists') || path.endsWith('?token'))
        asked.set('Authorization', `Bearer ${api.issuer.token({ scope: 'read' })}`);
      expect((await asked).status).to.equal(status);
      await new Promise(resolve => setImmediate(resolve));
    });
});

class Inner {
  @IsString() name!: string;
}
class Outer {
  @Type(() => Inner) @ValidateNested({ each: true }) inner!: Inner[];
}

@JsonController('/outer')
class OuterController {
  permissionClasses = [AllowAny];
  @Post('/') create(@Body() outer: Outer) {
    return outer.inner.length;
  }
}

@JsonController('')
class AnyController {
  permissionClasses = [AllowAny];
  @Get('/:name') show(@Param('name') name: string) {
    return { name };
  }
}

describe('regression: answers that were larger than they need be, or were sent twice', () => {
  forbidStrayErrors();
  let api: Api;
  let failures: unknown[];
  before(async () => {
    failures = [];
    api = await Api.start({ controllers: [OuterController, AnyController] });
    api.app.get('/ready', healthMiddleware());
    api.app.use(((error: unknown, _request, _response, next) => {
      failures.push(error);
      next(error);
    }) as import('express').ErrorRequestHandler);
  });
  after(() => api.close());

  it('names a hundred fields of a body that violates more', async () => {
    const inner = Array.from({ length: 500 }, () => ({ name: 1 }));
    const answer = await request(api.app).post('/outer').send({ inner });
    const { error, fields } = answer.body as { error: string; fields: object };
    expect([answer.status, error]).to.deep.equal([400, 'invalid_request']);
    expect(Object.keys(fields)).to.have.lengthOf(100).and.to.include('inner.99.name');
  });

  it('leaves the answer of a controller to the path of a health check alone', async () => {
    const answer = await request(api.app).get('/ready');
    expect([answer.status, answer.body]).to.deep.equal([200, { name: 'ready' }]);
    await new Promise(resolve => setImmediate(resolve));
    expect(failures).to.deep.equal([]);
  });
});

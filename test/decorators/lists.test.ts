import { expect } from 'chai';
import { Get, JsonController, Post } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  BaseAuthentication,
  DenyAll,
  HasAccessTokenScopes,
  HasValidAccessToken,
  ImproperlyConfigured,
  IsAuthenticated,
  and,
  not,
  type AuthenticationResult,
  type PermissionRule,
} from 'axioms-routing-controllers';
import {
  allowAny,
  authenticationClasses,
  hasRequiredScopes,
  permissionClasses,
  throttleClasses,
} from 'axioms-routing-controllers/decorators';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { useExpressServer as useStockServer } from 'routing-controllers';
import express, { type Request } from 'express';
import { Api } from '../api';
import { expectHeadRefusal, expectRefusal } from '../refusals';
import { startError, startWarnings } from '../start-error';

class KeyAuthentication extends BaseAuthentication {
  authenticate(request: Request): AuthenticationResult | null {
    return request.get('X-Key') === undefined ? null : { user: { isAuthenticated: true, sub: 'robot' } };
  }
}

class Never extends BaseThrottle {
  allowRequest(): boolean {
    return false;
  }
  override wait() {
    return 7;
  }
}

const answer = { ok: true };

@JsonController('/lists')
class ListController {
  authenticationClasses = [AccessTokenAuthentication];
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['a'];

  @Get('/own') own() {
    return answer;
  }
  @Get('/open') @allowAny() open() {
    return answer;
  }
  @Get('/open-too') @allowAny openToo() {
    return answer;
  }
  @Get('/closed') @permissionClasses([DenyAll]) closed() {
    return answer;
  }
  @Get('/none') @permissionClasses([]) none() {
    return answer;
  }
  @Get('/composed') @permissionClasses([and(IsAuthenticated, not(HasAccessTokenScopes))]) composed() {
    return answer;
  }
  @Get('/key') @authenticationClasses([KeyAuthentication]) @permissionClasses([IsAuthenticated]) key() {
    return answer;
  }
  @Get('/throttled') @throttleClasses([Never]) throttled() {
    return answer;
  }
  @Get('/open-but') @allowAny() @hasRequiredScopes('b') openBut() {
    return answer;
  }
  @Post('/open') @permissionClasses([IsAuthenticated]) create() {
    return answer;
  }
}

@JsonController('/throttled')
class ThrottledController {
  throttleClasses = [Never];
  @Get('/') own() {
    return answer;
  }
  @Get('/free') @throttleClasses([]) free() {
    return answer;
  }
}

@JsonController('/dynamic')
class DynamicController {
  declare request: Request;
  get permissionClasses() {
    return this.request.query.open === undefined ? [DenyAll] : [AllowAny];
  }
  @Get('/') @hasRequiredScopes('a') read() {
    return answer;
  }
  @Get('/own') @permissionClasses([IsAuthenticated]) own() {
    return answer;
  }
}

class Base {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['a'];

  @Get('/open') @allowAny() open() {
    return answer;
  }
  @Get('/overridden') @allowAny() overridden() {
    return answer;
  }
  @Get('/closed-again') @allowAny() closedAgain() {
    return answer;
  }
  @Get('/rerouted') @allowAny() rerouted() {
    return answer;
  }
}

@JsonController('/sub')
class SubController extends Base {
  override overridden() {
    return answer;
  }
  @permissionClasses([DenyAll]) override closedAgain() {
    return answer;
  }
  // A route of its own: what it does not say is closed.
  @Get('/rerouted') override rerouted() {
    return answer;
  }
}

@JsonController('/sub-sub')
class SubSubController extends SubController {}

describe('the decorators of lists', () => {
  let api: Api;
  before(async () => {
    const controllers = [ListController, ThrottledController, DynamicController, SubController, SubSubController];
    api = await Api.start({ controllers });
  });
  after(() => api.close());

  it('replace the class’s list for one handler', async () => {
    expectRefusal(await api.as({}, 'get', '/lists/own'), 'insufficient_scope', 'a');
    for (const path of ['/lists/open', '/lists/open-too', '/lists/none'])
      expect((await api.as(null, 'get', path)).status, path).to.equal(200);
    expectRefusal(await api.as({ exp: 1 }, 'get', '/lists/open'), 'invalid_token');
    expectRefusal(await api.as({ scope: 'a' }, 'get', '/lists/closed'), 'permission_denied');
    expectHeadRefusal(await api.as({ scope: 'a' }, 'head', '/lists/closed'), 'permission_denied');
    expectRefusal(await api.as(null, 'get', '/lists/closed'), 'not_authenticated');
    expectRefusal(await api.as({ scope: 'a' }, 'get', '/lists/composed'), 'permission_denied');
    expect((await api.as({}, 'get', '/lists/composed')).status).to.equal(200);
    expectRefusal(await api.as(null, 'post', '/lists/open'), 'not_authenticated');
  });

  it('replace how the caller is known', async () => {
    expect((await api.as(null, 'get', '/lists/key').set('X-Key', '1')).status).to.equal(200);
    expectRefusal(await api.as({ scope: 'a' }, 'get', '/lists/key'), 'permission_denied');
    expectRefusal(await api.as(null, 'get', '/lists/own').set('X-Key', '1'), 'not_authenticated');
  });

  it('replace how often', async () => {
    const refused = await api.as({ scope: 'a' }, 'get', '/lists/throttled');
    expectRefusal(refused, 'throttled');
    expect(refused.headers['retry-after']).to.equal('7');
    expectRefusal(await api.as({}, 'get', '/throttled'), 'throttled');
    expect((await api.as({}, 'get', '/throttled/free')).status).to.equal(200);
  });

  it('leave what other decorators add', async () => {
    expectRefusal(await api.as(null, 'get', '/lists/open-but'), 'not_authenticated');
    expectRefusal(await api.as({ scope: 'a' }, 'get', '/lists/open-but'), 'insufficient_scope', 'b');
    expect((await api.as({ scope: 'b' }, 'get', '/lists/open-but')).status).to.equal(200);
  });

  it('stand beside lists that are decided per request', async () => {
    expectRefusal(await api.as({ scope: 'a' }, 'get', '/dynamic'), 'permission_denied');
    expectRefusal(await api.as({}, 'get', '/dynamic?open'), 'insufficient_scope', 'a');
    expectRefusal(await api.as(null, 'get', '/dynamic?open'), 'not_authenticated');
    expect((await api.as({ scope: 'a' }, 'get', '/dynamic?open')).status).to.equal(200);
    expect((await api.as({}, 'get', '/dynamic/own')).status).to.equal(200);
  });

  it('are inherited, up to a route of a class’s own', async () => {
    for (const controller of ['/sub', '/sub-sub']) {
      expect((await api.as(null, 'get', `${controller}/open`)).status).to.equal(200);
      expect((await api.as(null, 'get', `${controller}/overridden`)).status).to.equal(200);
      expectRefusal(await api.as({ scope: 'a' }, 'get', `${controller}/closed-again`), 'permission_denied');
      expectRefusal(await api.as(null, 'get', `${controller}/rerouted`), 'not_authenticated');
      expectRefusal(await api.as({}, 'get', `${controller}/rerouted`), 'insufficient_scope', 'a');
    }
  });

  it('are named as the source', () => {
    const { sources, permissionSources } = api.server.routes.find(({ place }) => place === 'ListController.key')!;
    expect([sources, permissionSources]).to.deep.equal([
      { authenticationClasses: 'decorator', permissionClasses: 'decorator', throttleClasses: 'default' },
      ['decorator'],
    ]);
  });
});

describe('a decorator of a list that is written wrong', () => {
  const wrong: readonly [string, (classes: never) => unknown, unknown][] = [
    ['@permissionClasses[0] is undefined: an import cycle?', permissionClasses, [undefined]],
    ['@permissionClasses must be a list of classes', permissionClasses, IsAuthenticated],
    ['@permissionClasses[1] is AccessTokenAuthentication', permissionClasses, [AllowAny, AccessTokenAuthentication]],
    ['@authenticationClasses[0] is AllowAny', authenticationClasses, [AllowAny]],
    ['@authenticationClasses must be a list', authenticationClasses, undefined],
    ['@throttleClasses[0] is not a class', throttleClasses, ['Never']],
  ];
  for (const [message, decorator, given] of wrong)
    it(`throws while decorating: ${message}`, () => {
      expect(() => decorator(given as never)).to.throw(ImproperlyConfigured, message);
    });

  it('throws for two that replace the same list', () => {
    expect(() => {
      class Books {
        @allowAny() @permissionClasses([IsAuthenticated]) read(): void {}
      }
      return Books;
    }).to.throw(ImproperlyConfigured, 'Books.read has both @allowAny and @permissionClasses');
  });

  it('throws on a class, which has fields for that', () => {
    class Books {}
    for (const decorator of [allowAny(), permissionClasses([AllowAny])])
      expect(() => {
        (decorator as unknown as ClassDecorator)(Books);
      }).to.throw(ImproperlyConfigured, 'for the whole class write the list as a field');
    expect(() => {
      (allowAny as unknown as ClassDecorator)(Books);
    }).to.throw(ImproperlyConfigured, 'stands on Books');
  });

  it('keeps a list of its own', async () => {
    const rules: PermissionRule[] = [DenyAll];
    @JsonController('/t')
    class BookController {
      @Get('/') @permissionClasses(rules) read() {
        return answer;
      }
    }
    rules[0] = AllowAny;
    const api = await Api.start({ controllers: [BookController] });
    try {
      expectRefusal(await api.as({}, 'get', '/t'), 'permission_denied');
    } finally {
      await api.close();
    }
  });

  it('stops the start on a method that is no handler', () => {
    @JsonController('/books')
    class BookController {
      @Get('/') read() {
        return answer;
      }
      @hasRequiredScopes('a') helper() {
        return answer;
      }
    }
    expect(startError(BookController)).to.match(
      /^BookController\.helper has a decorator that says who may, and no route: it would guard nothing\..* The handlers are: read\.$/,
    );
  });

  it('is warned of where allowAny opens nothing', () => {
    @JsonController('/books')
    @hasRequiredScopes('a')
    class BookController {
      authenticationClasses = [HasValidAccessToken];
      @Get('/') @allowAny() read() {
        return answer;
      }
    }
    expect(startWarnings(BookController)).to.contain(
      'BookController.read has @allowAny(), and is not open to everybody: @hasRequiredScopes, HasValidAccessToken',
    );
    @JsonController('/news')
    class NewsController {
      @Get('/') @allowAny() read() {
        return answer;
      }
    }
    expect(startWarnings(NewsController)).to.equal('');
  });

  it('is not served by the stock server, which would not obey it', () => {
    @JsonController('/books')
    class BookController {
      @Get('/') @hasRequiredScopes('a') read() {
        return answer;
      }
    }
    expect(() => useStockServer(express(), { controllers: [BookController] })).to.throw(
      ImproperlyConfigured,
      'The rules of BookController would not be obeyed',
    );
  });
});

/** What the start refuses in a list must not pass where the list is decided per request. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { Container, Service } from 'typedi';
import {
  AccessTokenAuthentication,
  BasePermission,
  IntrospectionAuthentication,
  IsAuthenticated,
  IsSubOwner,
  not,
  or,
  type ApiView,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';

let handled = 0;

/** Its rule is misspelled. */
class IsBoss extends BasePermission {
  hasPermision() {
    return false;
  }
}

@Service()
class Database {
  repository(): object {
    return {};
  }
}

abstract class Counting {
  declare request: ApiView['request'];
  @Get('/:id') one() {
    handled += 1;
    return {};
  }
}

@JsonController('/by-service')
class ByServiceController extends Counting {
  readonly notes: object;
  permissionClasses: readonly object[] = [IsBoss];
  constructor(database: Database) {
    super();
    this.notes = database.repository();
  }
}

@JsonController('/by-query')
class ByQueryController extends Counting {
  get permissionClasses() {
    const { as } = this.request.query;
    if (as === 'negated') return [not(IsBoss)];
    return as === 'either' ? [or(IsBoss, IsAuthenticated)] : [IsBoss];
  }
}

@JsonController('/both-kinds')
class BothKindsController extends Counting {
  readonly notes: object;
  authenticationClasses: readonly object[] = [AccessTokenAuthentication, IntrospectionAuthentication];
  permissionClasses: readonly object[] = [IsSubOwner];
  constructor(database: Database) {
    super();
    this.notes = database.repository();
  }
  getObject() {
    return { user: 'alice' };
  }
}

describe('regression: a list that is decided per request', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [ByServiceController, ByQueryController, BothKindsController],
      axioms: {
        logger,
        introspectionClientId: 'api',
        introspectionClientSecret: 'secret',
        introspectionSubjectClaims: ['username'],
      },
    });
  });
  after(async () => {
    await api.close();
    Container.remove(Database);
  });
  beforeEach(() => {
    handled = 0;
  });

  for (const path of ['/by-service/1', '/by-query/1', '/by-query/1?as=negated', '/by-query/1?as=either'])
    it(`lets nobody in by a permission class without a rule: ${path}`, async () => {
      for (const claims of [null, { sub: 'alice' }]) expectRefusal(await api.as(claims, 'get', path), 'server_error');
      expect(handled).to.equal(0);
      expect(logger.text('error')).to.contain(
        'IsBoss, which defines neither hasPermission() nor hasObjectPermission()',
      );
    });

  it('tells no owner by subjects of two kinds of token', async () => {
    expectRefusal(await api.as({ sub: 'alice' }, 'get', '/both-kinds/1'), 'server_error');
    expect(handled).to.equal(0);
    expect(logger.text('error')).to.contain('the same text in both may be two users');
  });
});

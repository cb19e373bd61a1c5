import { expect } from 'chai';
import type { Request, Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { BasePermission, IsSubOwnerOrSafeOnly, type ApiView, type AxiomsRequest } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';

const asked: string[] = [];

class AnswersItself extends BasePermission {
  override hasObjectPermission(_request: Request, controller: ApiView) {
    (controller as { response?: Response }).response?.sendStatus(404);
    return true;
  }
}

class Second extends BasePermission {
  override hasObjectPermission() {
    asked.push('second');
    return true;
  }
}

@JsonController('/answered')
class AnsweredController {
  permissionClasses = [AnswersItself, Second];
  getObject() {
    return {};
  }
  @Get('/:id') retrieve() {
    asked.push('handler');
    return {};
  }
}

class AnswersEarly extends BasePermission {
  override hasPermission(_request: Request, controller: ApiView) {
    (controller as { response?: Response }).response?.sendStatus(404);
    return true;
  }
}

@JsonController('/answered-early')
class AnsweredEarlyController {
  permissionClasses = [AnswersEarly, Second];
  getObject() {
    asked.push('getObject');
    return {};
  }
  @Get('/:id') retrieve() {
    asked.push('handler');
    return {};
  }
}

@JsonController('/answered-for-none')
class AnsweredForNoneController {
  declare response: Response;
  permissionClasses = [Second];
  getObject() {
    this.response.sendStatus(410);
    return undefined;
  }
  @Get('/:id') retrieve() {
    asked.push('handler');
    return {};
  }
}

@JsonController('/assigned')
class AssignedController {
  declare request: AxiomsRequest;
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];
  permissionClasses = [IsSubOwnerOrSafeOnly];
  safeMethods = ['GET'];
  @Get('/:id') async retrieve() {
    this.safeMethods = this.request.query.safe === undefined ? [] : ['GET'];
    await this.checkObjectPermissions({ user: 'bob' });
    asked.push('handler');
    return {};
  }
}

describe('Within a request to an object action', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    const controllers = [AnsweredController, AnsweredEarlyController, AnsweredForNoneController, AssignedController];
    api = await Api.start({ controllers, axioms: { logger } });
  });
  beforeEach(() => asked.splice(0));
  after(() => api.close());

  it('no other object rule is asked once one of them has answered by itself', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/answered/1')).status).to.equal(404);
    expect(asked).to.deep.equal([]);
  });

  it('no object is loaded once a permission has answered by itself', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/answered-early/1')).status).to.equal(404);
    expect(asked).to.deep.equal([]);
  });

  it('an object that is missing is no refusal once getObject() has answered by itself', async () => {
    logger.entries.splice(0);
    expect((await api.as({ sub: 'alice' }, 'get', '/answered-for-none/1')).status).to.equal(410);
    expect(asked).to.deep.equal([]);
    expect(logger.entries.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal([
      'debug: The response was sent before the handler could run, so the handler was left out',
    ]);
  });

  it('a field that the handler assigns is the one that the object rule reads', async () => {
    expectRefusal(await api.as({ sub: 'alice' }, 'get', '/assigned/1'), 'permission_denied');
    expect(asked).to.deep.equal([]);
    expect((await api.as({ sub: 'alice' }, 'get', '/assigned/1?safe')).status).to.equal(200);
    expect((await api.as({ sub: 'bob' }, 'get', '/assigned/1')).status).to.equal(200);
    expect(asked).to.deep.equal(['handler', 'handler']);
  });
});

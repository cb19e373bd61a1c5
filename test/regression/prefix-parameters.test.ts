/** Fault: an object rule was idle behind a parameter of the option routePrefix, and no warning said so. */
import { expect } from 'chai';
import { Get, JsonController, Put } from 'routing-controllers';
import { IsSubOwner } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';

class Notes {
  permissionClasses = [IsSubOwner];
  getObject() {
    return { user: 'alice' };
  }
  @Get('/') one() {
    return {};
  }
  @Put('/') put() {
    return {};
  }
}

@JsonController()
class PrefixedController extends Notes {}

@JsonController()
class ExpectedController extends Notes {
  notObjectActions = [];
}

@JsonController('/notes/:id')
class PathController extends Notes {}

describe('an object rule that a parameter in front of the handler leaves idle', () => {
  async function warningsOf(controller: new () => object, routePrefix = ''): Promise<string> {
    const logger = new RecordingLogger();
    const api = await Api.start({ controllers: [controller], routePrefix, axioms: { logger } });
    await api.close();
    return logger.text('warn');
  }

  it('is warned of where the parameter is in routePrefix', async () => {
    expect(await warningsOf(PrefixedController, '/notes/:id')).to.contain(
      "PrefixedController has a rule about objects, and the parameter of its requests is in the option routePrefix, which makes no handler one about an object: on one the rule asks nothing. Write objectActions = ['one'] and notObjectActions = [], which keeps the handlers that are about one object by default, or notObjectActions = [] alone if that is meant.",
    );
  });

  it('is warned of where the parameter is in the path of the class', async () => {
    expect(await warningsOf(PathController)).to.contain('is in the path of the class, which');
    expect(await warningsOf(PathController, '/tenants/:tenant')).to.contain('is in the path of the class, which');
  });

  it('is not warned of without a parameter, or where notObjectActions says that it is meant', async () => {
    expect(await warningsOf(PrefixedController, '/notes')).not.to.contain('the parameter of its requests');
    expect(await warningsOf(ExpectedController, '/notes/:id')).not.to.contain('the parameter of its requests');
  });
});

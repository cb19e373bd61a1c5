import { expect } from 'chai';
import { Get, JsonController, Param } from 'routing-controllers';
import { ApiController, ImproperlyConfigured, IsSubOwner } from 'axioms-routing-controllers';
import { Api } from '../api';

describe('checkObjectPermissions', () => {
  it('is refused on a controller that was made for no request', async () => {
    class LonelyController extends ApiController {}
    const failure = await new LonelyController().checkObjectPermissions({}).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ImproperlyConfigured);
    expect((failure as Error).message).to.equal(
      'LonelyController.checkObjectPermissions was called outside of a request.',
    );
  });

  it('stays the method of a controller that overrides it', async () => {
    const asked: unknown[] = [];
    @JsonController('/things')
    class ThingController extends ApiController {
      override permissionClasses = [IsSubOwner];

      override checkObjectPermissions(object: unknown): Promise<void> {
        asked.push(object);
        return super.checkObjectPermissions(object);
      }

      @Get('/:owner')
      async retrieve(@Param('owner') owner: string) {
        await this.checkObjectPermissions({ user: owner });
        return { owner };
      }
    }
    const api = await Api.start({ controllers: [ThingController] });
    expect((await api.as({ sub: 'alice' }, 'get', '/things/alice')).status).to.equal(200);
    expect((await api.as({ sub: 'alice' }, 'get', '/things/bob')).status).to.equal(403);
    expect(asked).to.deep.equal([{ user: 'alice' }, { user: 'bob' }]);
    await api.close();
    // Outside of a request it is the class's own method, and nothing else.
    const failure: unknown = await new ThingController().checkObjectPermissions('x').catch((error: unknown) => error);
    expect(failure).to.have.property('name', 'ImproperlyConfigured');
    expect(asked.at(-1)).to.equal('x');
  });
});

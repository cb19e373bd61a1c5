import { expect } from 'chai';
import { ApiController, ImproperlyConfigured } from 'axioms-routing-controllers';

describe('checkObjectPermissions', () => {
  it('is refused on a controller that was made for no request', async () => {
    class LonelyController extends ApiController {}
    const failure = await new LonelyController().checkObjectPermissions({}).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ImproperlyConfigured);
    expect((failure as Error).message).to.equal(
      'LonelyController.checkObjectPermissions was called outside of a request.',
    );
  });
});

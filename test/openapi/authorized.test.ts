/** What the document says of `@Authorized()` and `@CurrentUser({ required: true })`. */
import { expect } from 'chai';
import { Authorized, CurrentUser, Get, JsonController } from 'routing-controllers';
import { AllowAny, HasAccessTokenScopes, type User } from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { Api, type ApiOptions } from '../api';
import { expectValid } from './openapi-validity';

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  @Get('/all') all() {
    return [];
  }
  @Authorized() @Get('/known') known() {
    return [];
  }
  @Authorized('editor') @Get('/editors') editors() {
    return [];
  }
  @Get('/mine') mine(@CurrentUser({ required: true }) user: User) {
    return [user.sub];
  }
}

@JsonController('/scoped')
class ScopedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['note:read'];
  @Authorized('editor') @Get('/editors') editors() {
    return [];
  }
}

// Regression: a document said of a handler with AllowAny and @Authorized('editor') that it is open to everybody.
describe('the document of a handler with decorators of routing-controllers', () => {
  async function said(options: Omit<ApiOptions, 'controllers'> = {}): Promise<object> {
    const api = await Api.start({ controllers: [OpenController, ScopedController], ...options });
    const document = await openApiDocument(api.app);
    await api.close();
    await expectValid(document);
    return Object.fromEntries(
      Object.entries(document.paths).map(([path, { get }]) => {
        const { description = '', responses = {}, security = [] } = get ?? {};
        return [path, [/Who may: (.*)\./.exec(description)?.[1], JSON.stringify(security), '403' in responses]];
      }),
    );
  }

  it('names what they require, and the 403', async () => {
    expect(await said()).to.deep.equal({
      '/open/all': ['anyone', '[]', false],
      '/open/known': ['any authenticated caller', '[{"bearer":[]}]', false],
      '/open/editors': ['the role `editor`', '[{"bearer":[]}]', true],
      '/open/mine': ['any authenticated caller', '[{"bearer":[]}]', false],
      '/scoped/editors': ['the scope `note:read`, and the role `editor`', '[{"bearer":["note:read"]}]', true],
    });
  });

  it("names the app's own checker", async () => {
    const found = await said({ authorizationChecker: () => true });
    expect(found).to.have.deep.property('/open/editors', [
      'what `authorizationChecker` decides',
      '[{"bearer":[]},{}]',
      true,
    ]);
  });
});

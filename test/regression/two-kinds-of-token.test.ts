import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  ApiController,
  HasAccessTokenScopes,
  IntrospectionAuthentication,
  IsSubOwner,
} from 'axioms-routing-controllers';
import { startError } from '../start-error';

class Notes extends ApiController {
  override authenticationClasses: (typeof AccessTokenAuthentication | typeof IntrospectionAuthentication)[] = [
    AccessTokenAuthentication,
    IntrospectionAuthentication,
  ];
  override permissionClasses: (typeof IsSubOwner | typeof HasAccessTokenScopes)[] = [IsSubOwner];
  override getObject() {
    return { user: '42' };
  }
  @Get('/:id') one() {
    return {};
  }
}

@JsonController('/both')
class BothController extends Notes {}

@JsonController('/named')
class NamedController extends Notes {
  override ownerOf() {
    return 'by-hand';
  }
}

@JsonController('/opaque')
class OpaqueController extends Notes {
  override authenticationClasses = [IntrospectionAuthentication];
}

@JsonController('/scopes')
class ScopesController extends Notes {
  override permissionClasses = [HasAccessTokenScopes];
  override accessTokenScopes = ['note'];
}

const introspection = {
  introspectionUrl: 'https://issuer.example/introspect',
  introspectionClientId: 'api',
  introspectionClientSecret: 'secret-secret',
};
const byUserName = { ...introspection, introspectionSubjectClaims: ['username'] };

const errorOf = (controller: new () => object, settings: object): string => {
  try {
    return startError(controller, settings);
  } catch (error) {
    return (error as Error).message;
  }
};

describe('an ownership rule for JWTs and introspected tokens', () => {
  it('stops the start where their subjects come from different claims', () => {
    expect(startError(BothController, byUserName)).to.equal(
      "The rules of BothController.one cannot be read: BothController has an ownership rule, and accepts JWTs, whose subject is in 'sub', and introspected tokens, whose subject is in 'username': the same text in both may be two users. Give the settings 'subjectClaims' and 'introspectionSubjectClaims' the same first claim, or return the name under which the caller owns objects: ownerOf(request) { return …; }",
    );
  });

  for (const [title, controller, settings] of [
    ['they come from the same claim', BothController, introspection],
    ['the controller defines ownerOf()', NamedController, byUserName],
    ['one kind of token is accepted', OpaqueController, byUserName],
    ['no rule is about an owner', ScopesController, byUserName],
  ] as const)
    it(`starts where ${title}`, () => {
      expect(errorOf(controller, settings)).to.equal('It started.');
    });
});

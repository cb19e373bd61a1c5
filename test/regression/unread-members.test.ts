/** Fault: accessTokenScopes beside classes that do not read it required nothing, and no warning said so. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  BasePermission,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  or,
  TokenHasScope,
  type ApiView,
} from 'axioms-routing-controllers';
import { startWarnings } from '../start-error';

class OwnRule extends BasePermission {
  override hasPermission(_request: unknown, controller: ApiView): boolean {
    return Array.isArray(controller.accessTokenScopes);
  }
}

function warningsOf(members: object): string {
  @JsonController('/notes')
  class NotesController {
    constructor() {
      Object.assign(this, members);
    }
    @Get('/') list() {
      return [];
    }
    @Get('/more') more() {
      return [];
    }
  }
  return startWarnings(NotesController);
}

const accessTokenScopes = ['note:read'];

describe('a member with grants that no permission class reads', () => {
  it('is warned of once, with the classes', () => {
    const warnings = warningsOf({ accessTokenScopes, permissionClasses: [AllowAny] });
    const warning =
      'NotesController.accessTokenScopes is read by no permission class of the controller, so that it requires nothing. The classes are: AllowAny. List a class that reads it, or remove it.';
    expect(warnings.split(warning)).to.have.lengthOf(2);
  });

  for (const [name, members] of Object.entries({
    accessTokenScopes: { accessTokenScopes },
    accessTokenRoles: { accessTokenScopes, accessTokenRoles: ['r'], permissionClasses: [HasAccessTokenScopes] },
    requiredScopes: { accessTokenScopes, requiredScopes: ['a'], permissionClasses: [HasAccessTokenScopes] },
  }))
    it(`is warned of: ${name} with ${Object.keys(members).join(', ')}`, () => {
      expect(warningsOf(members)).to.contain(`NotesController.${name} is read by no permission class`);
    });

  for (const [title, members] of Object.entries({
    'a class that reads it': { accessTokenScopes, permissionClasses: [or(HasAccessTokenScopes, AllowAny)] },
    'two classes that read two': {
      accessTokenRoles: ['r'],
      requiredScopes: ['a'],
      permissionClasses: [TokenHasScope, HasAccessTokenRoles],
    },
    'a class of the app': { accessTokenScopes, permissionClasses: [OwnRule] },
  }))
    it(`is not warned of beside ${title}`, () => {
      expect(warningsOf(members)).not.to.contain('is read by no permission class');
    });

  it('is not warned of where the list is decided per request', () => {
    @JsonController('/chosen')
    class ChosenController {
      declare request: ApiView['request'];
      accessTokenScopes = accessTokenScopes;
      get permissionClasses() {
        return this.request.query['open'] === undefined ? [HasAccessTokenScopes] : [AllowAny];
      }
      @Get('/') list() {
        return [];
      }
    }
    expect(startWarnings(ChosenController)).not.to.contain('is read by no permission class');
  });
});

/** Fault: policies in a list of another name, static rules and rule functions of another spelling were ignored. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  and,
  BaseAuthentication,
  BasePermission,
  DenyAll,
  HasValidAccessToken,
  IsAuthenticated,
  IsSubOwner,
  not,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { UserRateThrottle } from 'axioms-routing-controllers/throttling';
import { startError, startWarnings } from '../start-error';

// cspell:ignore ownerof getobject

function controllerWith(fields: object, ofPrototype: object = {}): new () => object {
  @JsonController('/notes')
  class NotesController {
    constructor() {
      Object.assign(this, fields);
    }
    @Get('/:id') read() {
      return {};
    }
  }
  Object.defineProperties(NotesController.prototype, Object.getOwnPropertyDescriptors(ofPrototype));
  return NotesController;
}

describe('a list of policies under another name', () => {
  for (const [name, list, known, policy] of [
    ['defaultPermissionClasses', [DenyAll], 'permissionClasses', 'DenyAll'],
    ['permissions', [DenyAll], 'permissionClasses', 'DenyAll'],
    ['guards', [and(IsAuthenticated, DenyAll)], 'permissionClasses', 'and(…)'],
    ['schemes', [HasValidAccessToken], 'authenticationClasses', 'HasValidAccessToken'],
    ['limits', [UserRateThrottle], 'throttleClasses', 'UserRateThrottle'],
  ] as const)
    it(`stops the start where the controller has no ${known}: ${name}`, () => {
      expect(startError(controllerWith({ [name]: list }))).to.equal(
        `NotesController.${name} lists ${policy}, and nothing reads it: the controller has no ${known}, so that the default applies. Rename it to ${known}. If it is not a rule, keep the list outside of the controller.`,
      );
    });

  it('is accepted beside the right name, which may choose between several', () => {
    const getter = {
      get permissionClasses() {
        return (this as unknown as { readPermissions: PermissionRule[] }).readPermissions;
      },
    };
    const lists = { readPermissions: [IsAuthenticated], writePermissions: [DenyAll] };
    expect(startWarnings(controllerWith(lists, getter))).to.equal('');
    expect(startWarnings(controllerWith({ permissions: [DenyAll], permissionClasses: [IsAuthenticated] }))).to.equal(
      '',
    );
  });

  it('stops the start where the right name has no value', () => {
    const error = startError(controllerWith({ permissions: [DenyAll], permissionClasses: undefined }));
    expect(error).to.match(/^NotesController\.permissions lists DenyAll/);
  });
});

describe('a static rule of a policy class', () => {
  class WithStatic extends BasePermission {
    static hasObjectPermission() {
      return false;
    }
    override hasPermission() {
      return true;
    }
  }
  class SubOfStatic extends WithStatic {}
  class Mandatory extends BaseAuthentication {
    static isMandatory = true;
    authenticate() {
      return null;
    }
  }
  class Slow extends UserRateThrottle {
    static rate = '1/day';
  }
  class WithConstant extends UserRateThrottle {
    static readonly rate = '5/day';
    override readonly rate = WithConstant.rate;
  }

  it('stops the start', () => {
    expect(startError(controllerWith({ permissionClasses: [WithStatic] }))).to.equal(
      'NotesController.read lists WithStatic, and WithStatic.hasObjectPermission is static, where it is not read: declare it without static.',
    );
    expect(startError(controllerWith({ permissionClasses: [SubOfStatic] }))).to.contain(
      'lists SubOfStatic, and WithStatic.hasObjectPermission is static',
    );
    expect(startError(controllerWith({ authenticationClasses: [Mandatory] }))).to.contain(
      'Mandatory.isMandatory is static',
    );
    expect(startError(controllerWith({ throttleClasses: [Slow] }))).to.contain('Slow.rate is static');
  });

  it('is accepted as a constant for the member of its name', () => {
    expect(startWarnings(controllerWith({ throttleClasses: [WithConstant] }))).to.equal('');
  });
});

describe('a rule function of a controller in another spelling', () => {
  const rules = { permissionClasses: [IsSubOwner] };
  for (const [name, meant] of [
    ['owner_of', 'ownerOf'],
    ['ownerof', 'ownerOf'],
    ['get_object', 'getObject'],
    ['getobject', 'getObject'],
  ] as const)
    it(`stops the start: ${name}`, () => {
      const message = `NotesController.${name} is no rule of a controller, so that the server never calls it: did you mean ${meant}? If it is not a rule, give it another name.`;
      expect(startError(controllerWith(rules, { [name]: () => undefined }))).to.equal(message);
      expect(startError(controllerWith({ ...rules, [name]: () => undefined }))).to.equal(message);
    });

  it('is accepted beside the right one, as a handler, and where the name is an ordinary one', () => {
    @JsonController('/notes')
    class HandlerController {
      permissionClasses = [AllowAny];
      @Get('/:id') get_object() {
        return {};
      }
    }
    expect(startWarnings(HandlerController)).to.equal('');
    const ordinary = { getObjects: () => [], setObject: () => undefined, ownersOf: () => [], getOwner: () => '' };
    expect(startWarnings(controllerWith(rules, ordinary))).to.equal('');
    const beside = { ownerOf: () => 'alice', owner_of: () => 'alice' };
    expect(startWarnings(controllerWith(rules, beside))).to.equal('');
  });
});

describe('not() of several permissions', () => {
  it('is refused, because the second one would not be asked', () => {
    const two = not as (...operands: PermissionRule[]) => PermissionRule;
    expect(() => two(AllowAny, DenyAll)).to.throw(
      'not(…) has 2 operands and takes one: write not(or(…)) if none of them may hold, or not(and(…)) if not all of them may.',
    );
  });
});

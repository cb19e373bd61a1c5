/** Fault: a rule with a misspelled name, beside a right one, was never asked, and the server started. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  BaseAuthentication,
  BasePermission,
  HasAccessTokenScopes,
  isAuthenticated,
  type ApiView,
} from 'axioms-routing-controllers';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';
import { expectExactRefusal, permissionDenied } from '../refusals';
import { startError, startWarnings } from '../start-error';

class SignedIn extends BasePermission {
  override hasPermission(request: Request): boolean {
    return isAuthenticated(request);
  }
}

class Key extends BaseAuthentication {
  authenticate() {
    return null;
  }
}

class Never extends BaseThrottle {
  allowRequest() {
    return true;
  }
}

function withMember<Base extends new () => object>(someClass: Base, name: string, value: unknown = () => false): Base {
  class Misspelled extends (someClass as new () => object) {}
  Object.defineProperty(Misspelled.prototype, name, { value, configurable: true, writable: true });
  return Misspelled as Base;
}

class FieldRule extends SignedIn {
  hasObjectPermision = () => false;
}

function controllerWith(rules: Partial<ApiView>): new () => object {
  @JsonController('/notes')
  class NotesController {
    constructor() {
      Object.assign(this, rules);
    }
    getObject() {
      return { user: 'alice' };
    }
    @Get('/:id') read() {
      return this.getObject();
    }
  }
  return NotesController;
}

describe('a rule whose name is misspelled stops the start', () => {
  for (const [name, meant] of [
    ['hasObjectPermision', 'hasObjectPermission'],
    ['hasObjectPermissions', 'hasObjectPermission'],
    ['has_object_permission', 'hasObjectPermission'],
    ['hasPermision', 'hasPermission'],
    ['needsAuthentification', 'needsAuthentication'],
    ['Requirement', 'requirement'],
    ['Members', 'members'],
  ] as const)
    it(`in a permission class: ${name}`, () => {
      const permissionClasses = [withMember(SignedIn, name)];
      expect(startError(controllerWith({ permissionClasses }))).to.equal(
        `NotesController.read lists Misspelled, whose member ${name} is no rule of a BasePermission: did you mean ${meant}? If it is not a rule, give it another name.`,
      );
    });

  it('in a field of a permission class, and in a composition with one of the library', () => {
    const error = startError(controllerWith({ permissionClasses: [FieldRule] }));
    expect(error).to.contain('FieldRule, whose member hasObjectPermision');
    const permissionClasses = [withMember(HasAccessTokenScopes, 'hasPermision')];
    const other = startError(controllerWith({ permissionClasses }));
    expect(other).to.contain('did you mean hasPermission?');
  });

  for (const [name, value] of [
    ['isMandatry', true],
    ['authenticate_header', () => 'Key'],
    ['IsPublic', () => false],
  ] as const)
    it(`in an authentication class: ${name}`, () => {
      const rules = { permissionClasses: [AllowAny], authenticationClasses: [withMember(Key, name, value)] };
      expect(startError(controllerWith(rules))).to.contain(`whose member ${name} is no rule of a BaseAuthentication`);
    });

  it('in a throttle: allowRequests', () => {
    const rules = { permissionClasses: [AllowAny], throttleClasses: [withMember(Never, 'allowRequests')] };
    expect(startError(controllerWith(rules))).to.contain('did you mean allowRequest?');
  });
});

describe('a member of a name like a rule, beside the rule itself', () => {
  it('is a member of the app: requirements of a permission class, and authenticated of an authentication class', () => {
    const permissionClasses = [withMember(SignedIn, 'requirements', ['a'])];
    const authenticationClasses = [withMember(Key, 'authenticated', 0)];
    expect(startWarnings(controllerWith({ permissionClasses, authenticationClasses }))).to.equal('');
  });

  it('is a method of the app, and the rules are asked', async () => {
    class Owners extends BasePermission {
      override hasPermission(request: Request): boolean {
        return this.hasPermissions(request);
      }
      override hasObjectPermission(request: Request, _controller: ApiView, object: unknown): boolean {
        return (object as { user: string }).user === (request as { user?: { sub?: string } }).user?.sub;
      }
      hasPermissions(request: Request): boolean {
        return isAuthenticated(request);
      }
    }
    const api = await Api.start({ controllers: [controllerWith({ permissionClasses: [Owners] })] });
    expectExactRefusal(await api.as({ sub: 'bob' }, 'get', '/notes/1'), permissionDenied);
    expect((await api.as({ sub: 'alice' }, 'get', '/notes/1')).status).to.equal(200);
    await api.close();
  });
});

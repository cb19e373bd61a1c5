/** Fault: a rule with one or two wrong letters in its name was never read, and the handler ran for anonymous callers. */
// cspell:disable
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { Service } from 'typedi';
import {
  AccessTokenAuthentication,
  AllowAny,
  DenyAll,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAuthenticated,
  SessionAuthentication,
  and,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { startError, startWarnings } from '../start-error';

let handled = 0;

/** A controller with these members: the values as fields, the getters and methods on the prototype. */
function controllerWith(fields: object, ofPrototype: object = {}): new () => object {
  @JsonController('/notes')
  class NotesController {
    constructor() {
      Object.assign(this, fields);
    }
    @Get('/') list() {
      handled += 1;
      return 'notes';
    }
  }
  Object.defineProperties(NotesController.prototype, Object.getOwnPropertyDescriptors(ofPrototype));
  return NotesController;
}

const said = (name: string, meant: string): string =>
  `NotesController.${name} is no rule of a controller: did you mean ${meant}? If it is not a rule, give it another name.`;

describe('a rule whose name has one or two wrong letters stops the start', () => {
  for (const [name, meant, value] of [
    ['authenticationClases', 'authenticationClasses', [HasValidAccessToken]],
    ['permissionClases', 'permissionClasses', [DenyAll]],
    ['permissionClasess', 'permissionClasses', [DenyAll]],
    ['permisionClas', 'permissionClasses', DenyAll],
    ['premissionClasses', 'permissionClasses', and(IsAuthenticated, DenyAll)],
    ['throttleClases', 'throttleClasses', []],
    ['throtleScope', 'throttleScope', 'uploads'],
    ['accesTokenScopes', 'accessTokenScopes', ['admin']],
    ['accessTokenScopess', 'accessTokenScopes', ['admin']],
    ['acessTokenAnyScopes', 'accessTokenAnyScopes', ['admin']],
    ['accesTokenAllScopes', 'accessTokenAllScopes', ['admin']],
    ['accessTokenAllScops', 'accessTokenAllScopes', ['admin']],
    ['accessTokneRoles', 'accessTokenRoles', ['admin']],
    ['accessTokenAllPermisions', 'accessTokenAllPermissions', ['admin']],
    ['requiredSocpes', 'requiredScopes', ['admin']],
    ['requiredAlternatScopes', 'requiredAlternateScopes', { GET: [['admin']] }],
    ['ownerAtribute', 'ownerAttribute', 'author'],
    ['ownerIsuerAttribute', 'ownerIssuerAttribute', 'iss'],
    ['safeMehtods', 'safeMethods', []],
    ['objectActons', 'objectActions', ['list']],
    ['nonObjectActions', 'notObjectActions', []],
    ['lsitActions', 'listActions', ['list']],
    ['unfiltredActions', 'unfilteredActions', []],
  ] as const)
    it(`${name}, as a field, a getter, a value of the prototype and a static member`, () => {
      const getter = Object.defineProperty({}, name, { get: () => value, enumerable: true, configurable: true });
      const ofClass = Object.assign(controllerWith({}), { [name]: value });
      expect(startError(controllerWith({ [name]: value }))).to.equal(said(name, meant));
      expect(startError(controllerWith({}, getter))).to.equal(said(name, meant));
      expect(startError(controllerWith({}, { [name]: value }))).to.equal(said(name, meant));
      expect(startError(ofClass)).to.equal(said(name, meant));
    });

  it('in a base class, too', () => {
    class Base extends controllerWith({ permisionClases: [DenyAll] }) {}
    @JsonController('/notes')
    class SubController extends Base {
      @Get('/') list() {
        return 'notes';
      }
    }
    expect(startError(SubController)).to.equal(said('permisionClases', 'permissionClasses').replace('Notes', 'Sub'));
  });
});

describe('a controller whose members only resemble rules starts', () => {
  it('with ordinary names', () => {
    const names = ['actions', 'request2', 'responses', 'owner', 'scopes', 'permissions', 'objects', 'listOptions'];
    const more = ['tokenScopes', 'throttles', 'accessTokens', 'objectFilters', 'permissionCodes', 'accessTokenStore'];
    const fields = Object.fromEntries([...names, ...more].map(name => [name, ['a']]));
    expect(startWarnings(controllerWith(fields, { getObjects: () => [], ownerOff: () => '' }))).to.equal('');
  });

  it('with a method, a flag, a number or a service of such a name', () => {
    @Service()
    class ObjectOptions {}
    @JsonController('/notes')
    class OptionsController {
      readonly filteredActions = true;
      readonly ownerAtributes2 = 2;
      readonly subjectActions = new ObjectOptions();
      constructor(readonly objectOptions: ObjectOptions) {}
      @Get('/') list() {
        return [this.requireScopes(), this.filteredActions];
      }
      requireScopes() {
        return this.objectOptions;
      }
    }
    expect(startWarnings(OptionsController)).to.equal('');
  });

  it('with a handler of such a name, which is called', async () => {
    @JsonController('/notes')
    class HandlerController {
      permissionClasses = [AllowAny];
      @Get('/') filteredActions() {
        return 'actions';
      }
    }
    const api = await Api.start({ controllers: [HandlerController] });
    expect((await api.as(null, 'get', '/notes')).body).to.equal('actions');
    await api.close();
  });

  it('with rules whose names are near each other, and each is asked', async () => {
    const controller = controllerWith({
      permissionClasses: [HasAccessTokenScopes],
      accessTokenAnyScopes: ['read', 'write'],
      accessTokenAllScopes: ['admin'],
      objectActions: [],
      notObjectActions: [],
      listActions: ['list'],
    });
    const api = await Api.start({ controllers: [controller] });
    handled = 0;
    expect((await api.as({ scope: 'read' }, 'get', '/notes')).status).to.equal(403);
    expect((await api.as({ scope: 'admin' }, 'get', '/notes')).status).to.equal(403);
    expect(handled).to.equal(0);
    expect((await api.as({ scope: 'read admin' }, 'get', '/notes')).status).to.equal(200);
    await api.close();
  });
});

describe('a member of a policy class with one or two wrong letters stops the start', () => {
  const withMember = <Base extends new () => object>(base: Base, name: string): Base => {
    class Misspelled extends (base as new () => object) {}
    Object.defineProperty(Misspelled.prototype, name, { value: () => undefined });
    return Misspelled as Base;
  };

  it('requirement of a permission class that inherits another one', () => {
    const permissionClasses = [withMember(HasAccessTokenScopes, 'requirment')];
    expect(startError(controllerWith({ permissionClasses, accessTokenScopes: ['a'] }))).to.contain(
      'whose member requirment is no rule of a BasePermission: did you mean requirement?',
    );
  });

  for (const base of [AccessTokenAuthentication, SessionAuthentication])
    it(`authenticate of a class that inherits ${base.name}`, () => {
      const authenticationClasses = [withMember(base, 'authentciate')];
      expect(startError(controllerWith({ authenticationClasses }))).to.contain(
        'whose member authentciate is no rule of a BaseAuthentication: did you mean authenticate?',
      );
    });
});

import { expect } from 'chai';
import { AllowAny, HasAccessTokenRoles, HasAccessTokenScopes } from 'axioms-routing-controllers';
import type { Decorations } from '../../../src/views/start/decorations';
import { listSources, permissionSources } from '../../../src/views/start/rule-sources';

class GetterController {
  get permissionClasses(): object[] {
    return [];
  }
}

class FieldController {
  permissionClasses: unknown = [];
}

class SilentController extends GetterController {}
Object.defineProperty(SilentController.prototype, 'permissionClasses', { value: undefined });

class PlainController {}
Object.defineProperty(PlainController.prototype, 'permissionClasses', { value: [] });

const added: Decorations = { names: ['hasRequiredScopes'], added: [HasAccessTokenScopes], insisting: [] };

describe('Where a list is said', () => {
  for (const [controller, source] of [
    [{}, 'default'],
    [new FieldController(), 'field'],
    [new GetterController(), 'getter'],
    [new (class extends GetterController {})(), 'getter'],
    [new PlainController(), 'field'],
    [new SilentController(), 'default'],
    [Object.assign(new FieldController(), { permissionClasses: undefined }), 'default'],
  ] as const) {
    it(`is a ${source} of ${controller.constructor.name || 'a class without a name'}`, () => {
      expect(listSources(controller, undefined)).to.deep.equal({
        authenticationClasses: 'default',
        permissionClasses: source,
        throttleClasses: 'default',
      });
    });
  }

  it('is the decorator that replaces it', () => {
    const decorations: Decorations = { ...added, permissionClasses: [AllowAny] };
    expect(listSources(new GetterController(), decorations).permissionClasses).to.equal('decorator');
    expect(listSources(new GetterController(), added).permissionClasses).to.equal('getter');
  });
});

describe('Where what a permission asks for is said', () => {
  const trees = [AllowAny, HasAccessTokenScopes, HasAccessTokenRoles].map(one => ({ permission: new one() }));

  it('is the list, the members that it reads, a getter before a field, or the decorator that added it', () => {
    class MixedController {
      accessTokenScopes = ['a'];
      accessTokenAllScopes = ['b'];
      accessTokenAnyRoles = ['r'];
      get accessTokenRoles(): string[] {
        return ['s'];
      }
    }
    const controller = new MixedController();
    expect(permissionSources(controller, trees, undefined, 'default')).to.deep.equal(['default', 'field', 'getter']);
    expect(permissionSources(controller, trees, added, 'field')).to.deep.equal(['field', 'field', 'decorator']);
    expect(permissionSources({}, trees, undefined, 'getter')).to.deep.equal(['getter', 'getter', 'getter']);
  });
});

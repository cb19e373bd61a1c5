import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { Service } from 'typedi';
import { AllowAny, ApiController, HasAccessTokenRoles, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { Api } from '../../api';
import { expectRefusal } from '../../refusals';
import { startError, startWarnings } from '../../start-error';
import { thingController } from '../../permissions/thing-controller';

describe('misspelled members', () => {
  const misspelled: readonly [name: string, meant: string][] = [
    ['accessTokenScope', 'accessTokenScopes'],
    ['accesstokenScopes', 'accessTokenScopes'],
    ['access_token_scopes', 'accessTokenScopes'],
    ['accessTokensScopes', 'accessTokenScopes'],
    ['accessTokenAnyScope', 'accessTokenAnyScopes'],
    ['accessTokenAllScope', 'accessTokenAllScopes'],
    ['accessTokenallScopes', 'accessTokenAllScopes'],
    ['accessTokenRole', 'accessTokenRoles'],
    ['access_token_any_roles', 'accessTokenAnyRoles'],
    ['accessTokenPermission', 'accessTokenPermissions'],
    ['permissionClass', 'permissionClasses'],
    ['permissionsClasses', 'permissionClasses'],
    ['permissionclasses', 'permissionClasses'],
    ['permission_classes', 'permissionClasses'],
    ['authenticationClass', 'authenticationClasses'],
    ['authentication_classes', 'authenticationClasses'],
    ['throttleClass', 'throttleClasses'],
    ['throttle_scopes', 'throttleScope'],
    ['accessTokensAllRole', 'accessTokenAllRoles'],
    ['accessTokensAnyPermission', 'accessTokenAnyPermissions'],
    ['accessTokenAllPermission', 'accessTokenAllPermissions'],
    ['requiredScope', 'requiredScopes'],
    ['requiredAlternativeScopes', 'requiredAlternateScopes'],
    ['requiredAlternateScope', 'requiredAlternateScopes'],
    ['ownerAttributes', 'ownerAttribute'],
    ['owner_attribute', 'ownerAttribute'],
    ['ownerIssuerAttributes', 'ownerIssuerAttribute'],
    ['safeMethod', 'safeMethods'],
    ['safe_methods', 'safeMethods'],
    ['objectAction', 'objectActions'],
    ['not_object_action', 'notObjectActions'],
  ];
  for (const [name, meant] of misspelled) {
    it(`${name} stops the start and names ${meant}, as a field and as a getter`, () => {
      const message = `ThingController.${name} is no rule of a controller: did you mean ${meant}? If it is not a rule, give it another name.`;
      expect(startError(thingController('/t', { [name]: ['a'] }))).to.equal(message);

      class ThingControllerBase {
        @Get('/') list() {
          return {};
        }
      }
      Object.defineProperty(ThingControllerBase.prototype, name, { get: () => ['a'] });
      @JsonController('/t')
      class GetterController extends ThingControllerBase {}
      expect(startError(GetterController)).to.equal(message.replace('Thing', 'Getter'));
    });
  }

  it('names that only resemble a rule are let be', () => {
    for (const name of ['scopes', 'accessToken', 'classes', 'permissions', 'owner', 'methods', 'objects'])
      expect(startWarnings(thingController('/t', { [name]: ['a'] }))).to.equal('');
  });
});

describe('lists of classes that nobody reads', () => {
  class Anything {}
  const strange = (members: object): string => startError(thingController('/t', members));

  it('stop the start beside one that is read, or where the name is nearly one', () => {
    expect(strange({ permissionClasses: [AllowAny], parserClasses: [Anything] })).to.equal(
      'ThingController.parserClasses is no rule of a controller, and stands beside one. The lists are: authenticationClasses, permissionClasses, throttleClasses. If it is not a rule, give it a name that does not end in Classes.',
    );
    for (const name of ['permisionClasses', 'premissionClasses', 'permissonClass'])
      expect(strange({ [name]: [AllowAny] })).to.equal(
        `ThingController.${name} is no rule of a controller: did you mean permissionClasses? If it is not a rule, give it another name.`,
      );
    expect(strange({ authentificationClasses: [Anything] })).to.contain('did you mean authenticationClasses?');
  });

  it('are let be where they are something else, or stand alone', () => {
    for (const members of [
      { permissionClasses: [AllowAny], cssClasses: ['a'] },
      { permissionClasses: [AllowAny], listClasses: () => [] },
      { permissionClasses: [AllowAny], weightClasses: { light: 1 } },
      { entityClasses: [Anything] },
    ])
      expect(startWarnings(thingController('/t', members))).to.equal('');
  });
});

describe('static members', () => {
  it('stop the start, in the class and in a base class', () => {
    @JsonController('/static')
    class StaticController {
      static permissionClasses = [AllowAny];
      @Get('/') list() {
        return {};
      }
    }
    expect(startError(StaticController)).to.equal(
      'StaticController.permissionClasses is static, where it is not read: declare it without static.',
    );

    class Base {
      static accessTokenScopes = ['a'];
    }
    @JsonController('/static')
    class SubController extends Base {
      @Get('/') list() {
        return {};
      }
    }
    expect(startError(SubController)).to.include('Base.accessTokenScopes is static');
  });
});

describe('an inherited field that hides a getter', () => {
  class FieldBase {
    permissionClasses = [HasAccessTokenScopes];
    accessTokenScopes: string[] = ['weak'];
  }
  class GetterBase {
    permissionClasses: readonly object[] = [HasAccessTokenScopes];
    get accessTokenScopes(): string[] {
      return ['weak'];
    }
  }
  const strict = { get: () => ['strict'], configurable: true };

  it('stops the start, naming both classes and the fix', () => {
    @JsonController('/sub')
    class SubController extends FieldBase {
      @Get('/') list() {
        return {};
      }
    }
    // TypeScript refuses to write it; JavaScript, or a cast, does not.
    Object.defineProperty(SubController.prototype, 'accessTokenScopes', strict);
    expect(startError(SubController)).to.equal(
      'The getter SubController.accessTokenScopes is never read: the field FieldBase.accessTokenScopes hides it. Make it a getter in FieldBase, too: get accessTokenScopes() { return …; }',
    );
  });

  it('stops the start with classes between and below', () => {
    class Top extends FieldBase {}
    class Middle extends Top {}
    Object.defineProperty(Middle.prototype, 'accessTokenScopes', strict);
    @JsonController('/sub')
    class BottomController extends Middle {
      @Get('/') list() {
        return {};
      }
    }
    expect(startError(BottomController))
      .to.include('Middle.accessTokenScopes is never read')
      .and.include('the field FieldBase.accessTokenScopes');
  });

  it('stops the start where the base class has dependencies', () => {
    @Service()
    class Repository {}
    @Service()
    class WithRepository {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['weak'];
      constructor(readonly repository: Repository) {}
    }
    @JsonController('/sub')
    class SubController extends WithRepository {
      @Get('/') list() {
        return {};
      }
    }
    Object.defineProperty(SubController.prototype, 'accessTokenScopes', strict);
    expect(startError(SubController)).to.include('the field WithRepository.accessTokenScopes');
  });

  it('is looked for where there is a field: a base class is not made for a getter that nothing hides', () => {
    let madeForItself = 0;
    class CountedBase {
      permissionClasses = [HasAccessTokenScopes, HasAccessTokenRoles];
      accessTokenRoles = ['r'];
      constructor() {
        if (new.target === CountedBase) madeForItself += 1;
      }
    }
    @JsonController('/sub')
    class SubController extends CountedBase {
      get accessTokenScopes() {
        return ['strict'];
      }
      @Get('/') list() {
        return {};
      }
    }
    expect(startWarnings(SubController)).to.equal('');
    expect(madeForItself).to.equal(0);
  });

  it('is not meant by a field over a field, a getter over a getter, or a field over a getter', async () => {
    @JsonController('/field-field')
    class FieldOverField extends FieldBase {
      override accessTokenScopes = ['strict'];
      @Get('/') list() {
        return {};
      }
    }
    @JsonController('/getter-getter')
    class GetterOverGetter extends GetterBase {
      override get accessTokenScopes() {
        return ['strict'];
      }
      @Get('/') list() {
        return {};
      }
    }
    @JsonController('/field-getter')
    class FieldOverGetter extends GetterBase {
      @Get('/') list() {
        return {};
      }
      constructor() {
        super();
        Object.defineProperty(this, 'accessTokenScopes', { value: ['strict'] });
      }
    }
    @JsonController('/inherited')
    class Inherited extends GetterBase {
      @Get('/') list() {
        return {};
      }
    }
    @JsonController('/api-controller')
    class OverApiController extends ApiController {
      override get permissionClasses() {
        return [HasAccessTokenScopes];
      }
      override get accessTokenScopes() {
        return ['strict'];
      }
      @Get('/') list() {
        return {};
      }
    }
    const controllers = [FieldOverField, GetterOverGetter, FieldOverGetter, Inherited, OverApiController];
    const api = await Api.start({ controllers });
    try {
      for (const path of ['/field-field', '/getter-getter', '/field-getter', '/api-controller']) {
        expect((await api.as({ scope: 'strict' }, 'get', path)).status).to.equal(200);
        expectRefusal(await api.as({ scope: 'weak' }, 'get', path), 'insufficient_scope', 'strict');
      }
      expect((await api.as({ scope: 'weak' }, 'get', '/inherited')).status).to.equal(200);
    } finally {
      await api.close();
    }
  });
});

describe('two names of one rule', () => {
  for (const [members, isWarnedOf] of [
    [{ accessTokenScopes: ['a'] }, false],
    [{ accessTokenAnyScopes: ['a'] }, false],
    [{ accessTokenScopes: ['a'], accessTokenAllScopes: ['b'] }, false],
    [{ accessTokenScopes: [], accessTokenAnyScopes: ['a'] }, false],
    [{ accessTokenScopes: ['a'], accessTokenAnyScopes: ['b'] }, true],
  ] as const) {
    it(`${Object.keys(members).join(' and ')} are ${isWarnedOf ? '' : 'not '}warned of`, () => {
      const warnings = startWarnings(thingController('/t', { permissionClasses: [HasAccessTokenScopes], ...members }));
      if (isWarnedOf) expect(warnings).to.contain('two names of one rule: accessTokenAnyScopes is used');
      else expect(warnings).to.equal('');
    });
  }
});

describe('other members that are wrong', () => {
  const wrong: readonly [members: object, said: RegExp][] = [
    [{ authenticationClasses: AllowAny }, /ThingController\.authenticationClasses must be a list of classes/],
    [{ throttleClasses: 'none' }, /ThingController\.throttleClasses must be a list of classes/],
  ];
  for (const [members, said] of wrong) {
    it(`${Object.keys(members).join()} stops the start, naming the handler`, () => {
      expect(startError(thingController('/t', members)))
        .to.match(said)
        .and.include('ThingController.list');
    });
  }

  it('a constructor that throws stops the start, and says so', () => {
    @JsonController('/t')
    class FailingController {
      constructor() {
        throw new Error('no database');
      }
      @Get('/') list() {
        return {};
      }
    }
    expect(startError(FailingController)).to.include('FailingController cannot be made: no database');
  });
});

/** A subclass that declares an inherited handler's route again loses rules of the base class, which the start says. */
import { expect } from 'chai';
import { Authorized, Get, JsonController, UseBefore } from 'routing-controllers';
import { AllowAny, DenyAll, requireAccessToken } from 'axioms-routing-controllers';
import { hasRequiredRoles, permissionClasses } from 'axioms-routing-controllers/decorators';
import { startWarnings } from '../start-error';

class Base {
  permissionClasses = [AllowAny];
  @Get('/a') @permissionClasses([DenyAll]) a() {
    return 'a';
  }
  @Get('/b') @hasRequiredRoles(['admin']) b() {
    return 'b';
  }
  @Get('/c') @Authorized() c() {
    return 'c';
  }
  @Get('/d') @UseBefore(requireAccessToken()) d() {
    return 'd';
  }
}

@JsonController('/overriding')
class Overriding extends Base {
  override a() {
    return 'own a';
  }
  override c() {
    return 'own c';
  }
}

@JsonController('/again')
class Again extends Base {
  @Get('/a') override a() {
    return 'own a';
  }
  @Get('/b') override b() {
    return 'own b';
  }
  @Get('/c') override c() {
    return 'own c';
  }
  @Get('/d') override d() {
    return 'own d';
  }
}

describe('regression: rules of a base class that a redeclared route loses', () => {
  it('are named by the start, with the place to write them', () => {
    const warnings = startWarnings(Again);
    for (const [method, rule] of [
      ['a', '@permissionClasses()'],
      ['c', '@Authorized()'],
      ['d', 'requireAccessToken()'],
    ] as const)
      expect(warnings).to.include(
        `Again.${method} declares its route again, so that ${rule} of Base.${method} does not`,
      );
    expect(warnings).not.to.include('Again.b declares');
  });

  it('are kept by a handler that only overrides, and nothing is said', () => {
    expect(startWarnings(Overriding)).not.to.include('declares its route again');
  });
});

import { expect } from 'chai';
import { Get, JsonController, Post } from 'routing-controllers';
import { AllowAny, ApiController, DenyAll, IsSubOwner } from 'axioms-routing-controllers';
import { startError, startWarnings } from '../start-error';

abstract class StaffOnly {
  permissionClasses: unknown = [DenyAll];
  @Get('/') list() {
    return {};
  }
}

@JsonController('/field')
class EmptiedByField extends StaffOnly {
  override permissionClasses = undefined;
}

@JsonController('/null')
class EmptiedByNull extends StaffOnly {
  override permissionClasses = null;
}

@JsonController('/constructor')
class EmptiedByConstructor extends StaffOnly {
  constructor() {
    super();
    this.permissionClasses = process.env['NO_SUCH_VARIABLE'];
  }
}

class WithGetter {
  get permissionClasses(): unknown {
    return [DenyAll];
  }
  @Get('/') list() {
    return {};
  }
}

@JsonController('/setter')
class EmptiedBySetter extends WithGetter {
  override set permissionClasses(_: unknown) {
    throw new Error('not called');
  }
}

class Owned extends ApiController {
  override permissionClasses = [IsSubOwner];
  override objectActions: readonly string[] | undefined = ['publish'];
  @Post('/publish') publish() {
    return {};
  }
}

@JsonController('/owned')
class EmptiedObjectActions extends Owned {
  override objectActions = undefined;
}

@JsonController('/said')
class SaysItself extends StaffOnly {
  override permissionClasses = [AllowAny];
}

@JsonController('/first')
class SaysNothingFirst {
  permissionClasses = undefined;
  @Get('/') list() {
    return {};
  }
}

describe('a member without a value that hides the rule of a base class', () => {
  for (const [controller, text] of [
    [EmptiedByField, 'EmptiedByField.permissionClasses has no value, and hides the rule of StaffOnly.'],
    [EmptiedByNull, 'EmptiedByNull.permissionClasses has no value, and hides the rule of StaffOnly.'],
    [EmptiedByConstructor, 'EmptiedByConstructor.permissionClasses has no value, and hides the rule of StaffOnly.'],
    [EmptiedBySetter, 'EmptiedBySetter.permissionClasses has no value, and hides the rule of WithGetter.'],
    [EmptiedObjectActions, 'EmptiedObjectActions.objectActions has no value, and hides the rule of Owned.'],
  ] as const)
    it(`stops the start: ${controller.name}`, () => {
      expect(startError(controller)).to.include(text);
    });

  it('is not reported where the class has its own value, or no base class has one', () => {
    for (const controller of [SaysItself, SaysNothingFirst])
      expect(startWarnings(controller)).not.to.include('no value');
  });
});

/** A permission class that defines no rule: it would let everybody in. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { BasePermission, IsAuthenticated, and, or, type PermissionRule } from 'axioms-routing-controllers';
import { startError, startWarnings } from '../start-error';

class Misspelled extends BasePermission {
  hasPermision(): boolean {
    return false;
  }
}
class Empty extends BasePermission {}
class ByField extends BasePermission {
  override hasPermission = (): boolean => true;
}
class OfObject extends BasePermission {
  override hasObjectPermission(): boolean {
    return true;
  }
}
class Heir extends ByField {}

function controllerWith(rule: PermissionRule): new () => object {
  @JsonController('/things')
  class ThingController {
    permissionClasses = [rule];
    @Get('/:id') get() {
      return {};
    }
  }
  return ThingController;
}

describe('A permission class without a rule', () => {
  for (const [what, rule] of [
    ['a misspelled hasPermission', Misspelled],
    ['nothing at all', Empty],
    ['a misspelled one inside and()', and(IsAuthenticated, Misspelled)],
    ['a misspelled one inside or()', or(Misspelled, IsAuthenticated)],
  ] as const)
    it(`stops the start: ${what}`, () => {
      expect(startError(controllerWith(rule))).to.match(
        /^ThingController\.get has the permission class (?:Misspelled|Empty), which defines neither hasPermission\(\) nor hasObjectPermission\(\)/,
      );
    });

  for (const rule of [ByField, OfObject, Heir])
    it(`is not reported for a class that has its rule in another place: ${rule.name}`, () => {
      expect(() => startWarnings(controllerWith(rule))).not.to.throw();
    });
});

/** A parameter in the path of a class makes no handler one about an object, and a rule about objects asks nothing there. */
import { expect } from 'chai';
import { Get, JsonController, Post, Put } from 'routing-controllers';
import { IsSubOwner, IsSubOwnerOrSafeOnly } from 'axioms-routing-controllers';
import { startWarnings } from '../start-error';

type ControllerClass = new () => object;

describe('a controller with the parameter in the path of its class', () => {
  function nestedController(members: object, path = '/notes/:id'): ControllerClass {
    @JsonController(path)
    class NestedController {
      constructor() {
        Object.defineProperties(this, Object.getOwnPropertyDescriptors(members));
      }
      getObject() {
        return { user: 'alice' };
      }
      @Get('/') retrieve() {
        return {};
      }
      @Post('/publish') publish() {
        return {};
      }
      @Put('/') update() {
        return {};
      }
    }
    return NestedController;
  }
  const owned = { permissionClasses: [IsSubOwner] };

  it('is warned of, with the handlers and the line to write', () => {
    expect(startWarnings(nestedController(owned)))
      .to.contain('on retrieve, publish the rule asks nothing')
      .and.contain("Write objectActions = ['retrieve', 'publish'] and notObjectActions = [], which");
  });

  it('is warned of for those handlers alone that the rule would refuse', () => {
    const warnings = startWarnings(nestedController({ permissionClasses: [IsSubOwnerOrSafeOnly] }));
    expect(warnings).to.contain("Write objectActions = ['publish'] and");
  });

  for (const [name, members, path] of [
    ['names them', { ...owned, objectActions: ['retrieve', 'publish'], notObjectActions: [] }, undefined],
    ['says that it is meant', { ...owned, notObjectActions: [] }, undefined],
    ['has no rule about objects', {}, undefined],
    ['has no parameter there', owned, '/notes'],
  ] as const)
    it(`is not warned of where it ${name}`, () => {
      expect(startWarnings(nestedController(members, path))).not.to.contain('in the path of the class');
    });
});

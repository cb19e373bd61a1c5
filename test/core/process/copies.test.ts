import { expect } from 'chai';
import { ApiController, BaseAuthentication, BasePermission, DenyAll, or } from 'axioms-routing-controllers';
import { hasRequiredScopes } from 'axioms-routing-controllers/decorators';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { isMarked, isOfAnotherCopy, markAsOurs, refuseAnotherCopy, thisCopy } from '../../../src/core/process/copies';
import { loadedAgain, ownVersion, packageRoot, secondCopy, type SecondCopy } from '../../second-copy';

const key = Symbol.for('axioms-routing-controllers');

function markOf(someClass: object): unknown {
  return (someClass as Record<symbol, unknown>)[key];
}

describe('the mark of a copy of this package', () => {
  const other: SecondCopy = secondCopy('9.8.7');

  after(() => {
    other.remove();
  });

  it('has the version and the folder of the package', () => {
    expect(thisCopy).to.deep.equal({ version: ownVersion, path: packageRoot });
  });

  for (const base of [BaseAuthentication, BasePermission, BaseThrottle, ApiController, or(DenyAll).constructor])
    it(`is on ${base.name} and its subclasses, and does not show`, () => {
      class Sub extends (base as new () => object) {}
      for (const marked of [base, Sub]) {
        expect(markOf(marked)).to.include({ version: ownVersion, path: packageRoot });
        expect(isMarked(marked)).to.equal(true);
        expect(isOfAnotherCopy(marked)).to.equal(false);
      }
      expect(Object.keys(base)).to.deep.equal([]);
      expect(Object.getOwnPropertyDescriptor(base, key)?.enumerable).to.equal(false);
    });

  it('is on a class with decorators, once, and on no other class', () => {
    class Decorated {
      list() {
        return undefined;
      }
    }
    const handler = Object.getOwnPropertyDescriptor(Decorated.prototype, 'list') as PropertyDescriptor;
    for (const scope of ['a', 'b']) hasRequiredScopes(scope)(Decorated.prototype, 'list', handler);
    hasRequiredScopes('c')(Decorated);
    expect(markOf(Decorated)).to.include({ version: ownVersion, path: packageRoot, before: undefined });
    for (const unmarked of [class {}, Object, Function]) expect(isMarked(unmarked)).to.equal(false);
  });

  it('is found beside that of another copy, in either order, and on base classes', () => {
    class OursFirst {}
    markAsOurs(OursFirst);
    other.decorators.hasRequiredScopes('a')(OursFirst);
    class OursLast {}
    other.decorators.hasRequiredScopes('a')(OursLast);
    markAsOurs(OursLast);
    class Sub extends OursFirst {}
    markAsOurs(Sub);
    for (const one of [OursFirst, OursLast, Sub]) {
      expect(isOfAnotherCopy(one)).to.equal(true);
      expect(() => {
        refuseAnotherCopy(one, 'It has a rule');
      }).to.throw(
        `It has a rule of another copy of axioms-routing-controllers, whose rules this server cannot see: version 9.8.7 in ${other.path}, while the server is version ${ownVersion} in ${packageRoot}. Run "npm ls axioms-routing-controllers"`,
      );
    }
  });

  it('is another one where the same path is loaded twice', () => {
    const { root } = loadedAgain();
    expect(markOf(root.BasePermission)).to.include({ version: ownVersion, path: packageRoot });
    expect(() => {
      refuseAnotherCopy(root.DenyAll, 'It has a rule');
    }).to.throw(`version ${ownVersion} in ${packageRoot}, the same path loaded twice`);
  });

  it('of a later version, of which only the symbol is known, is another one', () => {
    class Later {}
    Object.defineProperty(Later, key, { value: { version: '10.0.0', path: '/later' } });
    expect(() => {
      refuseAnotherCopy(Later, 'It has a rule');
    }).to.throw('version 10.0.0 in /later');
  });
});

import { expect } from 'chai';
import { decorate, decorationsOf } from '../../../src/views/start/decorations';

describe('decorationsOf', () => {
  it('is undefined where no decorator says anything of the handler or its classes', () => {
    class Base {}
    class Sub extends Base {}
    decorate(Sub, 'create', { name: 'ofAnotherHandler' });
    expect(decorationsOf(Sub, 'list')).to.equal(undefined);
    expect(decorationsOf(Base, 'create')).to.equal(undefined);
  });

  it('puts those of the classes before those of the handler, and a base class first', () => {
    class Base {}
    class Sub extends Base {}
    decorate(Sub, 'list', { name: 'ofTheHandler' });
    decorate(Sub, undefined, { name: 'ofTheClass' });
    decorate(Base, 'list', { name: 'ofTheBaseHandler' });
    expect(decorationsOf(Sub, 'list')?.names).to.deep.equal(['ofTheClass', 'ofTheBaseHandler', 'ofTheHandler']);
  });
});

import { expect } from 'chai';
import { InertServices, countInertUse, holdsInert, inertUses } from '../../../src/core/process/inert';

/** Any service of an app. */
interface Service {
  (): Service;
  member: Service;
  then(done: () => void): Service;
  [Symbol.iterator](): Iterator<Service>;
}

class Database {}

/** How often a function uses inert objects. */
function usesOf(use: () => unknown): number {
  const before = inertUses();
  use();
  return inertUses() - before;
}

function onlyKeeps(use: (service: Service) => object): boolean {
  const services = new InertServices();
  use(services.service() as Service);
  return services.areOnlyKept;
}

describe('an inert service', () => {
  const service = new InertServices().service(Database.prototype) as Service;

  it('is what it stands in for, and looking at that is no use', () => {
    expect(usesOf(() => expect(service instanceof Database).to.equal(true))).to.equal(0);
  });

  const uses: Readonly<Record<string, (one: Service) => unknown>> = {
    'reading a member': one => one.member,
    'calling it': one => one(),
    'making one': one => Reflect.construct(one, []) as unknown,
    'setting a member': one => (one.member = one),
    'defining a member': one => Object.defineProperty(one, 'member', { value: 1, configurable: true }),
    'removing a member': one => Reflect.deleteProperty(one, 'member'),
    'looking for a member': one => 'member' in one,
    'listing its members': one => Object.keys(one),
    'making text of it': one => Number(one),
  };
  for (const [name, use] of Object.entries(uses))
    it(`allows ${name}, and counts it`, () => {
      expect(usesOf(() => use(service))).to.be.at.least(1);
    });

  it('counts what is done to what came of it', () => {
    const { member } = service;
    expect(usesOf(() => member.member())).to.equal(2);
  });

  it('never fulfills a promise, and never calls back', async () => {
    let isCalled = false;
    service.then(() => (isCalled = true));
    void (async () => {
      await (service as unknown as Promise<void>);
      isCalled = true;
    })();
    await new Promise(resolve => setImmediate(resolve));
    expect(isCalled).to.equal(false);
  });

  it('is an empty text', () => {
    expect(String(service)).to.equal('');
  });

  it('ends a loop over what it lists', () => {
    expect(Array.from(service)).to.deep.equal([]);
  });

  it('stops a constructor that asks without end', () => {
    expect(() => {
      while (service() as unknown as boolean);
    }).to.throw('never stops asking');
  });
});

describe('a constructor that only keeps its services', () => {
  it('is one that uses no service', () => {
    expect(onlyKeeps(() => ({}))).to.equal(true);
    expect(onlyKeeps(service => ({ service }))).to.equal(true);
  });

  const decisions: Readonly<Record<string, (service: Service) => object>> = {
    'drops a result': service => ((service.member as unknown) === 'strict' ? { a: 1 } : {}),
    'keeps a result in a list': service => ({ scopes: Array.of<unknown>(service.member) }),
    'keeps a member': service => ({ repository: service.member }),
    'keeps the last thing it got': service => ({ repository: service.member() }),
    'keeps one result of two': service => ({ kept: service.member as object, of: typeof service() }),
    'looks for a member': service => ({ has: 'member' in service }),
    'lists members': service => ({ count: Object.keys(service).length }),
    'makes text': service => ({ scope: String(service) }),
  };
  for (const [name, decide] of Object.entries(decisions))
    it(`is not one that ${name}`, () => {
      expect(onlyKeeps(decide)).to.equal(false);
    });
});

describe('a value that holds an inert object', () => {
  const service = new InertServices().service();

  for (const [name, value] of Object.entries({
    'is one': service,
    'is a list with one': ['a', service],
    'is an object with one': { of: [{ values: [service] }] },
  }))
    it(name, () => {
      expect(usesOf(() => expect(holdsInert(value)).to.equal(true))).to.equal(0);
    });

  for (const [name, value] of Object.entries({
    'is a text': 'service',
    'is null': null,
    'is an object of a class': Object.assign(new Database(), { service }),
    'is a function': () => service,
    'holds it too deeply': [[[[[service]]]]],
  }))
    it(`is not one that ${name}`, () => {
      expect(holdsInert(value)).to.equal(false);
    });

  it('counts a use that is reported', () => {
    expect(usesOf(countInertUse)).to.equal(1);
  });
});

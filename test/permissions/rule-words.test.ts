import { expect } from 'chai';
import { namesOf, ruleNames, ruleWords } from '../../src/permissions/rule-words';

describe('the table of rule words', () => {
  it('recognizes the misspellings of every field and getter, and of nothing else', () => {
    expect(ruleWords.filter(({ spelling }) => spelling !== undefined).map(({ name }) => name)).to.deep.equal(ruleNames);
  });

  for (const name of ruleNames)
    it(`takes ${name}, whatever its case and its underscores, for no other word`, () => {
      const meant = ruleWords.filter(({ spelling }) => spelling?.test(name.toLowerCase()));
      expect(meant.map(one => one.name)).to.deep.equal([name]);
    });

  it('names the other word of the same rule where one yields to it', () => {
    const pairs = ruleWords.flatMap(({ name, yieldsTo }) => (yieldsTo === undefined ? [] : [[name, yieldsTo]]));
    expect(pairs).to.deep.equal([
      ['accessTokenScopes', 'accessTokenAnyScopes'],
      ['accessTokenRoles', 'accessTokenAnyRoles'],
      ['accessTokenPermissions', 'accessTokenAnyPermissions'],
    ]);
  });

  it('has the names of one kind', () => {
    expect(namesOf('classes')).to.deep.equal(['authenticationClasses', 'permissionClasses', 'throttleClasses']);
    expect(namesOf('actions')).to.deep.equal(['objectActions', 'notObjectActions', 'listActions', 'unfilteredActions']);
    expect(namesOf('set for each request')).to.deep.equal(['request', 'response', 'action']);
  });

  it('lets a stock server serve what may be something else than a rule, and nothing else', () => {
    const harmless = ruleWords.filter(({ tripwire }) => !tripwire).map(({ name }) => name);
    expect(harmless).to.deep.equal([
      'getObject',
      'checkObjectPermissions',
      'authorizedFilter',
      'request',
      'response',
      'action',
    ]);
  });
});

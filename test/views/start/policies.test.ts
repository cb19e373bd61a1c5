import { expect } from 'chai';
import { DenyAll, IsAuthenticated, and, defineSettings, not, type PermissionRule } from 'axioms-routing-controllers';
import type { ApiView } from '../../../src/permissions/base';
import {
  checkedPolicies,
  permissionRulesOf,
  refuseOtherCopies,
  refuseOtherCopiesInDefaults,
} from '../../../src/views/start/policies';
import { secondCopy, type SecondCopy } from '../../second-copy';

const settings = { audience: 'https://api.example.com', issuerUrl: 'http://127.0.0.1:9' };

describe('lists of classes', () => {
  const other: SecondCopy = secondCopy('9.8.7');
  const { AllowAny, or } = other.root;

  after(() => {
    other.remove();
  });

  class ListController {
    constructor(readonly permissionClasses: readonly PermissionRule[]) {}
  }

  const rulesOf = (...rules: PermissionRule[]): readonly PermissionRule[] =>
    permissionRulesOf(new ListController(rules) as unknown as ApiView, defineSettings(settings));

  const foreign: Readonly<Record<string, readonly PermissionRule[]>> = {
    'a class': [AllowAny],
    'a second class': [DenyAll, AllowAny],
    'a composition': [or(DenyAll)],
    'a class in a composition': [and(IsAuthenticated, not(AllowAny))],
    'a composition in a composition': [and(IsAuthenticated, or(DenyAll))],
  };

  for (const [what, rules] of Object.entries(foreign)) {
    it(`are refused each time with ${what} of another copy`, () => {
      for (let turn = 0; turn < 2; turn++)
        expect(() => rulesOf(...rules)).to.throw(
          /^ListController\.permissionClasses\[[01]\] names \w+ of another copy of/,
        );
    });

    it(`of a decorator are taken with ${what} of another copy, for the server to refuse`, () => {
      expect(checkedPolicies('permissionClasses', rules, '@permissionClasses')).to.equal(rules);
      expect(() => {
        refuseOtherCopies({ permissionClasses: rules }, name => `@${name} of a handler`);
      }).to.throw('@permissionClasses of a handler[');
    });
  }

  it('are right again after a refusal', () => {
    expect(() => rulesOf(and(DenyAll, AllowAny))).to.throw();
    const rules = [and(DenyAll, not(IsAuthenticated)), DenyAll];
    expect(rulesOf(...rules)).to.deep.equal(rules);
    expect(rulesOf(...rules)).to.deep.equal(rules);
  });

  for (const [name, list] of Object.entries({
    defaultAuthenticationClasses: [other.root.AccessTokenAuthentication],
    defaultPermissionClasses: [and(IsAuthenticated, AllowAny)],
    defaultThrottleClasses: [other.throttling.AnonRateThrottle],
  }))
    it(`of the setting ${name} are refused with a class of another copy`, () => {
      expect(() => {
        refuseOtherCopiesInDefaults(defineSettings({ ...settings, [name]: list }));
      }).to.throw(`Setting '${name}'[0] names`);
    });
});

/** Refuses at startup policy classes that have a rule under a misspelled name, which would never be asked. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { prototypesOf } from './controller-shape';
import { likelyMeant } from './likely-spelling';

// How many letters may differ. Short words are likely to be an app's own members.
const rules = {
  BasePermission: {
    hasPermission: 2,
    hasObjectPermission: 2,
    objectFilter: 2,
    needsAuthentication: 2,
    requirement: 2,
    members: 0,
  },
  BaseAuthentication: { authenticate: 2, authenticateHeader: 2, isPublic: 1, isMandatory: 1 },
  BaseThrottle: { allowRequest: 2 },
} as const;

// Members of an object that a rule reads. A static member of such a name is never read.
const members: Readonly<Record<keyof typeof rules, readonly string[]>> = {
  BasePermission: ['hasPermission', 'hasObjectPermission', 'objectFilter', 'needsAuthentication', 'requirement'],
  BaseAuthentication: [
    'authenticate',
    'authenticateHeader',
    'isPublic',
    'isMandatory',
    'isToken',
    'takesOpaqueTokens',
    'authorizationSchemes',
    'currentUser',
    'checkSettings',
  ],
  BaseThrottle: ['allowRequest', 'getCacheKey', 'getRate', 'rate', 'scope', 'getIdent', 'checkConfiguration'],
};

/** Words of their own that an app may need, although they differ from a rule by two letters at most. */
const ordinary = ['requirements', 'authenticated', 'authenticates', 'authenticator'];

/**
 * Checks the members of a permission, an authentication class or a throttle, and of its base classes. A static member
 * may be a constant for the member of the same name.
 *
 * @param base the name of the base class whose rules may be misspelled
 * @throws ImproperlyConfigured if a member is a likely misspelling of a rule, or if a rule is static. The message names
 * both, or the class.
 */
export function refuseMisspelledRules(policy: object, base: keyof typeof rules, place: string): void {
  refuseStatic(policy, base, place);
  const levels = [policy, ...prototypesOf(policy)];
  for (const [index, level] of levels.entries())
    for (const name of Object.getOwnPropertyNames(level)) {
      const meant = ordinary.includes(name) ? undefined : likelyMeant(name, rules[base]);
      // A class with the right rule beside it has the other one for itself. Its fields are members of the object.
      const isBeside = (one: object): boolean => meant !== undefined && Object.hasOwn(one, meant);
      if (meant === undefined || levels.slice(index, Math.max(2, index + 1)).some(isBeside)) continue;
      throw new ImproperlyConfigured(
        `${place} lists ${policy.constructor.name}, whose member ${name} is no rule of a ${base}: did you mean ${meant}? If it is not a rule, give it another name.`,
      );
    }
}

function refuseStatic(policy: object, base: keyof typeof rules, place: string): void {
  for (const prototype of prototypesOf(policy)) {
    const isHidden = (name: string): boolean => !Object.hasOwn(prototype, name) && !Object.hasOwn(policy, name);
    const name = members[base].find(one => Object.hasOwn(prototype.constructor, one) && isHidden(one));
    if (name !== undefined)
      throw new ImproperlyConfigured(
        `${place} lists ${policy.constructor.name}, and ${prototype.constructor.name}.${name} is static, where it is not read: declare it without static.`,
      );
  }
}

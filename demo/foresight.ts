/** What a rule says to a caller before any request: the access matrix of the page, read from the rules. */
import type { Requirement } from 'axioms-routing-controllers';
import type { Account } from './accounts';

export type Verdict = 'allows' | 'refuses' | 'depends';

export interface Foreseen {
  /** What the token grants; `undefined` for a caller without a token. */
  readonly account?: Account | undefined;
  /** Whether the token is bound to a key that the caller proves. */
  readonly isProven?: boolean;
  readonly method: string;
}

export function foresee(requirement: Requirement, caller: Foreseen): Verdict {
  const truth = truthOf(requirement, caller);
  if (truth === undefined) return 'depends';
  return truth ? 'allows' : 'refuses';
}

/** `undefined`: the object or the request decides. */
type Truth = boolean | undefined;

function truthOf(requirement: Requirement, caller: Foreseen): Truth {
  const { account, isProven = false, method } = caller;
  switch (requirement.kind) {
    case 'anyone':
      return true;
    case 'authenticated':
      return account !== undefined;
    case 'methods':
      return requirement.methods.includes(method);
    case 'scopes':
    case 'roles':
    case 'permissions':
      return isGranted(requirement.match, requirement.values, account?.[requirement.kind] ?? []);
    case 'dpop':
      return isProven;
    case 'not':
      return negated(truthOf(requirement.of, caller));
    case 'and':
    case 'or':
      return joined(
        requirement.kind,
        requirement.of.map(part => truthOf(part, caller)),
      );
    case 'nobody':
      return false;
    default:
      return account === undefined ? false : undefined;
  }
}

function isGranted(match: 'any' | 'all', names: readonly string[], granted: readonly string[]): boolean {
  const isThere = (name: string) => granted.includes(name);
  return match === 'all' ? names.every(isThere) : names.some(isThere);
}

function negated(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

function joined(operator: 'and' | 'or', truths: readonly Truth[]): Truth {
  const deciding = operator === 'or';
  if (truths.includes(deciding)) return deciding;
  return truths.includes(undefined) ? undefined : !deciding;
}

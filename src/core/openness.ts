/** Who is let in by one requirement and not by another: a partial order, decided by looking for such a caller. */
import { isGrant, type GrantRequirement, type Requirement } from './requirement';

/** `undefined`: not known of this caller. */
type Truth = boolean | undefined;

/** `maybe`: it depends on what only code can say, or takes too long to find out. */
export type Found = 'yes' | 'maybe' | 'no';

export interface Comparison {
  /**
   * Does a `custom` rule say the same wherever its name stands? So it is where a route is compared with its own past;
   * otherwise nothing is known of what it says. Default: false.
   */
  readonly isCustomKnown?: boolean;
}

/**
 * Is there a caller whom `first` lets in and `second` does not? Scopes, roles, permissions and ownership may be had in
 * every combination, by whoever is authenticated; nobody else has any.
 *
 * @example
 * letsInBeyond({ kind: 'authenticated' }, { kind: 'scopes', match: 'any', values: ['book:read'] }); // 'yes'
 */
export function letsInBeyond(first: Requirement, second: Requirement, comparison: Comparison = {}): Found {
  const steps = { left: mostSteps };
  return best(methodsOf(first, second), method => search(first, second, new Caller(method, comparison), steps));
}

/** Does `first` let in everybody whom `second` does, and somebody else, too? Only what is certain counts. */
export function isMoreOpen(first: Requirement, second: Requirement, comparison: Comparison = {}): boolean {
  return letsInBeyond(first, second, comparison) === 'yes' && letsInBeyond(second, first, comparison) === 'no';
}

/** `undecided`: only code can say whether somebody who is not authenticated is let in. */
export type Who = 'anyone' | 'authenticated' | 'some' | 'nobody' | 'undecided';

/** Who is let in: anyone, whoever is authenticated, some of them, or nobody. */
export function whoIsLetIn(requirement: Requirement): Who {
  const anonymous: Requirement = { kind: 'not', of: { kind: 'authenticated' } };
  const strangers = letsInBeyond({ kind: 'and', of: [anonymous, requirement] }, { kind: 'nobody' });
  if (strangers === 'yes') return 'anyone';
  if (strangers === 'maybe') return 'undecided';
  if (letsInBeyond({ kind: 'authenticated' }, requirement) === 'no') return 'authenticated';
  return letsInBeyond(requirement, { kind: 'nobody' }) === 'no' ? 'nobody' : 'some';
}

// Beyond it the answer is "maybe": nobody's start waits for a puzzle.
const mostSteps = 20_000;

/** Somebody of whom not everything is known yet. */
class Caller {
  readonly #known = new Map<string, boolean>();

  constructor(
    readonly method: string,
    readonly comparison: Comparison,
  ) {}

  /** Whoever is not authenticated has no grants and owns nothing. */
  says(atom: string): Truth {
    const isOfSomebody = atom !== authenticated && !atom.startsWith('custom ');
    if (isOfSomebody && this.#known.get(authenticated) === false) return false;
    return this.#known.get(atom);
  }

  /** The question to ask next about an atom: being authenticated comes first, much is settled without it. */
  questionAbout(atom: string): string | undefined {
    if (atom.startsWith('custom ')) return this.comparison.isCustomKnown === true ? atom : undefined;
    return this.#known.has(authenticated) ? atom : authenticated;
  }

  /** Goes on with both answers to a question. */
  either(atom: string, goOn: () => Found): Found {
    const found = best([true, false], answer => {
      this.#known.set(atom, answer);
      return goOn();
    });
    this.#known.delete(atom);
    return found;
  }
}

function search(first: Requirement, second: Requirement, caller: Caller, steps: { left: number }): Found {
  steps.left -= 1;
  const isIn = truth(first, caller);
  const isOut = negated(truth(second, caller));
  if (isIn === false || isOut === false) return 'no';
  if (isIn === true && isOut === true) return 'yes';
  const atom = openQuestion(first, caller) ?? openQuestion(second, caller);
  if (atom === undefined || steps.left < 0) return 'maybe';
  return caller.either(atom, () => search(first, second, caller, steps));
}

/** Something that is not known of the caller, and could settle the requirement. */
function openQuestion(requirement: Requirement, caller: Caller): string | undefined {
  if (truth(requirement, caller) !== undefined) return undefined;
  if (isGrant(requirement)) return firstOf(grantAtoms(requirement), atom => openAtom(atom, caller));
  switch (requirement.kind) {
    case 'and':
    case 'or':
      return firstOf(requirement.of, one => openQuestion(one, caller));
    case 'not':
      return openQuestion(requirement.of, caller);
    case 'authenticated':
    case 'owner':
    case 'custom':
      return openAtom(atomOf(requirement), caller);
    default:
      return undefined;
  }
}

function openAtom(atom: string, caller: Caller): string | undefined {
  return caller.says(atom) === undefined ? caller.questionAbout(atom) : undefined;
}

function firstOf<T>(list: readonly T[], find: (one: T) => string | undefined): string | undefined {
  for (const one of list) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

function best<T>(cases: readonly T[], find: (one: T) => Found): Found {
  let found: Found = 'no';
  for (const one of cases) {
    const here = find(one);
    if (here === 'yes') return here;
    if (here === 'maybe') found = here;
  }
  return found;
}

function truth(requirement: Requirement, caller: Caller): Truth {
  if (isGrant(requirement)) return granted(requirement, caller);
  switch (requirement.kind) {
    case 'and':
      return every(requirement.of.map(one => truth(one, caller)));
    case 'or':
      return some(requirement.of.map(one => truth(one, caller)));
    case 'not':
      return negated(truth(requirement.of, caller));
    case 'methods':
      return requirement.methods.includes(caller.method);
    case 'anyone':
    case 'nobody':
      return requirement.kind === 'anyone';
    default:
      return caller.says(atomOf(requirement));
  }
}

function granted(requirement: GrantRequirement, caller: Caller): Truth {
  const truths = grantAtoms(requirement).map(atom => caller.says(atom));
  return requirement.match === 'all' ? every(truths) : some(truths);
}

function every(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

function some(truths: readonly Truth[]): Truth {
  return negated(every(truths.map(negated)));
}

function negated(one: Truth): Truth {
  return one === undefined ? undefined : !one;
}

const authenticated = 'authenticated';

function atomOf(requirement: Requirement): string {
  if (requirement.kind === 'custom') return `custom ${requirement.name}`;
  if (requirement.kind !== 'owner') return authenticated;
  return `owner ${JSON.stringify([requirement.attribute, requirement.issuerAttribute])}`;
}

function grantAtoms({ kind, values }: GrantRequirement): readonly string[] {
  return values.map(value => `${kind} ${value}`);
}

/** Every method that is named, and one that is not. */
function methodsOf(...requirements: readonly Requirement[]): readonly string[] {
  return [...new Set(requirements.flatMap(namedMethods)), ''];
}

function namedMethods(requirement: Requirement): readonly string[] {
  if (requirement.kind === 'methods') return requirement.methods;
  if (requirement.kind === 'and' || requirement.kind === 'or') return requirement.of.flatMap(namedMethods);
  return requirement.kind === 'not' ? namedMethods(requirement.of) : [];
}

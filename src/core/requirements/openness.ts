/**
 * Decides whether one requirement admits callers that another refuses, by a search for such a caller. This is a partial
 * order.
 */
import { fold, leavesOf } from './fold';
import { authenticated, type Caller, type Fact, type Truth } from './kind';
import { kindOf, type Leaf, type Requirement } from './requirement';
import { every, negated, some } from './truth';

/** `maybe`: only code can tell, or the search takes too long. */
export type Found = 'yes' | 'maybe' | 'no';

export interface Comparison {
  /**
   * Whether two `custom` rules of the same name decide alike. They do if a route is compared with its own past;
   * otherwise nothing is known of what they decide. Default: false.
   */
  readonly isCustomKnown?: boolean;
}

/**
 * Tells whether there is a caller that `first` admits and `second` refuses. An authenticated caller may have scopes,
 * roles, permissions and ownership in every combination; an anonymous caller has none of them.
 *
 * @example
 * letsInBeyond({ kind: 'authenticated' }, { kind: 'scopes', match: 'any', values: ['book:read'] }); // 'yes'
 */
export function letsInBeyond(first: Requirement, second: Requirement, comparison: Comparison = {}): Found {
  const steps = { left: mostSteps };
  return best(methodsOf(first, second), method => search(first, second, new SupposedCaller(method, comparison), steps));
}

/**
 * Tells whether `first` admits every caller that `second` admits, and at least one more. Only certain answers count.
 */
export function isMoreOpen(first: Requirement, second: Requirement, comparison: Comparison = {}): boolean {
  return letsInBeyond(first, second, comparison) === 'yes' && letsInBeyond(second, first, comparison) === 'no';
}

/** `undecided`: only code can tell whether an anonymous caller is admitted. */
export type Who = 'anyone' | 'authenticated' | 'some' | 'nobody' | 'undecided';

/** Returns which callers the requirement admits: anyone, all authenticated callers, some of them, or nobody. */
export function whoIsLetIn(requirement: Requirement): Who {
  const anonymous: Requirement = { kind: 'not', of: { kind: 'authenticated' } };
  const strangers = letsInBeyond({ kind: 'and', of: [anonymous, requirement] }, { kind: 'nobody' });
  if (strangers === 'yes') return 'anyone';
  if (strangers === 'maybe') return 'undecided';
  if (letsInBeyond({ kind: 'authenticated' }, requirement) === 'no') return 'authenticated';
  return letsInBeyond(requirement, { kind: 'nobody' }) === 'no' ? 'nobody' : 'some';
}

// Search limit. Past it the answer is "maybe", so that startup never hangs.
const mostSteps = 20_000;

/** A caller that the search makes up, one fact after another. */
class SupposedCaller implements Caller {
  readonly #known = new Map<string, { readonly fact: Fact; readonly isTrue: boolean }>();

  constructor(
    readonly method: string,
    private readonly comparison: Comparison,
  ) {}

  says(fact: Fact): Truth {
    if (fact.isOfCaller && this.#known.get(authenticated.key)?.isTrue === false) return false;
    return this.#known.get(fact.key)?.isTrue ?? this.#following(fact);
  }

  /**
   * Returns the fact to assume next. Whether the caller is authenticated comes first, because it decides the most.
   */
  questionAbout(fact: Fact): Fact | undefined {
    if (this.says(fact) !== undefined) return undefined;
    if (fact.isCustom === true) return this.comparison.isCustomKnown === true ? fact : undefined;
    return this.#known.has(authenticated.key) ? fact : authenticated;
  }

  /** Continues the search with both answers to a question. */
  either(fact: Fact, searchOn: () => Found): Found {
    const found = best([true, false], isTrue => {
      this.#known.set(fact.key, { fact, isTrue });
      return searchOn();
    });
    this.#known.delete(fact.key);
    return found;
  }

  /** What follows for a fact from those that are assumed already. */
  #following(fact: Fact): Truth {
    if (fact.implies === undefined && fact.excludes === undefined) return undefined;
    for (const { fact: other, isTrue } of this.#known.values()) {
      if (isTrue && other.implies?.(fact) === true) return true;
      if (isTrue && other.excludes?.(fact) === true) return false;
      if (!isTrue && fact.implies?.(other) === true) return false;
    }
    return undefined;
  }
}

function search(first: Requirement, second: Requirement, caller: SupposedCaller, steps: { left: number }): Found {
  steps.left -= 1;
  const [admitted, refused] = [standingOf(first, caller), standingOf(second, caller)];
  if (admitted.truth === false || refused.truth === true) return 'no';
  if (admitted.truth === true && refused.truth === false) return 'yes';
  const question = admitted.question ?? refused.question;
  if (question === undefined || steps.left < 0) return 'maybe';
  return caller.either(question, () => search(first, second, caller, steps));
}

interface Standing {
  readonly truth: Truth;
  /** An unknown fact that could decide. */
  readonly question: Fact | undefined;
}

function standingOf(requirement: Requirement, caller: SupposedCaller): Standing {
  return fold<Standing>(requirement, {
    all: parts => standing(every(parts.map(({ truth }) => truth)), parts),
    any: parts => standing(some(parts.map(({ truth }) => truth)), parts),
    not: part => ({ ...part, truth: negated(part.truth) }),
    leaf: leaf => standing(kindOf(leaf).judge(leaf, caller), questionsAbout(leaf, caller)),
  });
}

function standing(truth: Truth, parts: readonly Pick<Standing, 'question'>[]): Standing {
  const { question } = parts.find(part => part.question !== undefined) ?? {};
  return { truth, question: truth === undefined ? question : undefined };
}

function questionsAbout(leaf: Leaf, caller: SupposedCaller): readonly Pick<Standing, 'question'>[] {
  return kindOf(leaf)
    .facts(leaf)
    .map(fact => ({ question: caller.questionAbout(fact) }));
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

/** Returns every method that the requirements name, and one that they do not name. */
function methodsOf(...requirements: readonly Requirement[]): readonly string[] {
  const leaves = requirements.flatMap(leavesOf);
  return [...new Set(leaves.flatMap(({ leaf }) => (leaf.kind === 'methods' ? leaf.methods : []))), ''];
}

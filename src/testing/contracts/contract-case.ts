/** What a contract consists of: cases that any test runner can register. */

/**
 * One promise of a contract.
 *
 * @example
 * for (const { name, run } of authenticationContract({ make, good, bad, none })) it(name, run);
 */
export interface ContractCase {
  readonly name: string;
  /** Rejects with a {@link ContractViolation} where the promise is not kept. */
  readonly run: () => Promise<void>;
}

/** A promise that is not kept: what was promised, and what was seen. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
}

/** @throws ContractViolation unless it is so. */
export function promised(isSo: boolean, what: string): void {
  if (!isSo) throw new ContractViolation(what);
}

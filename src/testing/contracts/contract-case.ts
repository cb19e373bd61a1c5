/** The cases of a contract, which any test runner can register. */

/**
 * One promise of a contract.
 *
 * @example
 * for (const { name, run } of authenticationContract({ make, good, bad, none })) it(name, run);
 */
export interface ContractCase {
  readonly name: string;
  /** Tests the promise. Rejects with a {@link ContractViolation} if it is not kept. */
  readonly run: () => Promise<void>;
}

/** A promise that was not kept; the message says what was seen. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
}

/**
 * Checks a promise.
 *
 * @throws ContractViolation if `isSo` is false
 */
export function promised(isSo: boolean, what: string): void {
  if (!isSo) throw new ContractViolation(what);
}

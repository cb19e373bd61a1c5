/** Thrown if the parameters of a command are wrong, or if something that they name does not exist: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command was not written as it must be, or what it names is not there: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

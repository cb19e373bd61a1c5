/** Says why the demo cannot go on, and ends it. */
export function endWith(error: unknown): never {
  console.error(error instanceof Error && error.message !== '' ? error.message : error);
  process.exit(1);
}

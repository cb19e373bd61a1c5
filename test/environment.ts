/** Runs code with a given NODE_ENV and restores the old one afterwards, also after a promise. */
export function inEnvironment<Result>(name: string | undefined, run: () => Result): Result {
  const before = process.env.NODE_ENV;
  setEnvironment(name);
  let isPending = false;
  try {
    const result = run();
    isPending = result instanceof Promise;
    return isPending
      ? ((result as Promise<unknown>).finally(() => {
          setEnvironment(before);
        }) as Result)
      : result;
  } finally {
    if (!isPending) setEnvironment(before);
  }
}

function setEnvironment(name: string | undefined): void {
  if (name === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = name;
}

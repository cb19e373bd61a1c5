import { startDemo, type DemoOptions } from '../demo';
import { removeDatabase, temporaryPlace } from '../database';
import { Callers } from './callers';
import { checkLogout } from './check-logout';
import { checkRules, type Outcome } from './check-rules';
import { report } from './report';

/** Starts a demo of its own, checks every rule and prints what came out. Returns the process's exit code. */
export async function checkDemo(
  options: Partial<DemoOptions> = {},
  print: (text: string) => void = console.log,
): Promise<number> {
  const place = options.place ?? (await temporaryPlace());
  const demo = await startDemo({ ...options, place });
  const outcomes: Outcome[] = [];
  try {
    const callers = new Callers(demo.issuer);
    for await (const outcome of checkRules(demo.api.url, callers)) outcomes.push(outcome);
    for await (const outcome of checkLogout(demo.api.url, callers)) outcomes.push(outcome);
  } finally {
    await demo.close();
    await removeDatabase(place);
  }
  print(report(outcomes));
  return outcomes.every(({ passed }) => passed) ? 0 : 1;
}

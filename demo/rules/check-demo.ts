import { createMicroservice } from 'axioms-routing-controllers/microservice';
import { startDemo, type DemoOptions } from '../demo';
import { removeDatabase, temporaryPlace } from '../database';
import { microserviceOptions, type MicroservicePlace } from '../microservice';
import { Callers } from './callers';
import { checkLists } from './check-lists';
import { checkLogout } from './check-logout';
import { checkMicroservice } from './check-microservice';
import { checkPage } from './check-page';
import { checkProofs } from './check-proofs';
import { checkRules, type Outcome } from './check-rules';
import { report } from './report';

/** Starts a demo of its own, checks every rule and prints what came out. Returns the process's exit code. */
export async function checkDemo(
  options: Partial<DemoOptions> = {},
  print: (text: string) => void = console.log,
): Promise<number> {
  const place = options.place ?? (await temporaryPlace());
  const demo = await startDemo({ microservice: quietly, ...options, place });
  const outcomes: Outcome[] = [];
  try {
    const callers = new Callers(demo.issuer);
    for await (const outcome of checkRules(demo.api.url, callers)) outcomes.push(outcome);
    for await (const outcome of checkLists(demo.api.url, callers)) outcomes.push(outcome);
    for await (const outcome of checkMicroservice(demo, callers)) outcomes.push(outcome);
    for await (const outcome of checkProofs(demo.api.url, demo.issuer, callers)) outcomes.push(outcome);
    for await (const outcome of checkPage(demo.api.url)) outcomes.push(outcome);
    for await (const outcome of checkLogout(demo.api.url, callers)) outcomes.push(outcome);
  } finally {
    await demo.close();
    await removeDatabase(place);
  }
  print(report(outcomes));
  return outcomes.every(({ passed }) => passed) ? 0 : 1;
}

// A token that comes back is a warning in the log: here it is on purpose.
export function quietly(place: MicroservicePlace) {
  const nowhere = () => undefined;
  const logger = { debug: nowhere, info: nowhere, warn: nowhere, error: nowhere };
  return createMicroservice({ ...microserviceOptions(place), logger });
}

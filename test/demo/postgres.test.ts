import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { removeDatabase } from '../../demo/database';
import { startDemo, type Demo } from '../../demo/demo';
import { Callers } from '../../demo/rules/callers';
import { quietly } from '../../demo/rules/check-demo';
import { checkMicroservice } from '../../demo/rules/check-microservice';
import { checkRules, type Outcome } from '../../demo/rules/check-rules';
import { difference } from '../../demo/rules/report';
import { rules } from '../../demo/rules/table';

const url = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
const isRequired = (process.env.REQUIRED_SERVERS ?? '').split(',').includes('postgres');

describe('the demo on PostgreSQL', () => {
  const place = { url, schema: `axioms_demo_test_${randomUUID()}` };

  it('keeps the rules of books, articles and the microservice', async function () {
    this.timeout(60_000);
    const demo = await startDemo({ place, microservice: quietly }).catch((error: unknown) => {
      if (isRequired) throw error;
      this.test!.title += ` (PostgreSQL cannot be reached: ${reason(error)})`;
      return this.skip();
    });
    const failures = await failuresOf(demo);
    await demo.close();
    await removeDatabase(place);
    expect(failures).to.deep.equal([]);
  });
});

async function failuresOf(demo: Demo): Promise<string[]> {
  const ofTheDatabase = rules.filter(([request]) => / \/(books|articles)/.test(request));
  const callers = new Callers(demo.issuer);
  const outcomes: Outcome[] = [];
  for await (const outcome of checkRules(demo.api.url, callers, ofTheDatabase)) outcomes.push(outcome);
  for await (const outcome of checkMicroservice(demo, callers)) outcomes.push(outcome);
  return outcomes.filter(({ passed }) => !passed).map(difference);
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

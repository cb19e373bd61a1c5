/** The example of docs/lists.md about isolation. */
// #region example
import {
  expectIsolation,
  isolationJUnit,
  isolationTable,
  TestIssuer,
  type TestedApp,
} from 'axioms-routing-controllers/testing';
import { writeFileSync } from 'node:fs';

export async function provesIsolation(app: TestedApp, issuer: TestIssuer) {
  const report = await expectIsolation(app, {
    callers: { alice: issuer.token({ sub: 'alice' }), bob: issuer.token({ sub: 'bob' }) },
    seed: async ({ canary }, send) => {
      const created = await send('POST', '/notes', { text: canary });
      const { id } = (await created.json()) as { id: number };
      return { '/notes/:id': String(id), '/articles/:id': '1' }; // an article that everybody may read
    },
    shared: ['GET /articles', 'GET /articles/:id'],
    ignore: ['GET /health'],
  });
  console.log(isolationTable(report));
  writeFileSync('isolation.xml', isolationJUnit(report));
}
// #endregion example

/**
 * What a filtered list costs beside the same query with a hand-written `where`, on PostgreSQL:
 * `npm run build && node bench/lists.mjs [rounds]`. The demo's entity, in tables of 10, 1,000 and 100,000 rows, of which the
 * caller owns ten, and once all. Requests of the two alternate, so that what happens to the machine happens to both. Prints
 * medians, their ratio (at most 1.05 is wanted) and that of the 25th percentiles, first of the whole request and then of the
 * query alone, and the plan of the filtered query.
 */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import express from 'express';
import { Get, JsonController } from 'routing-controllers';
import { DataSource } from 'typeorm';
import { percentile, spread } from './statistics.mjs';
import { table } from './table.mjs';

const require = createRequire(import.meta.url);
const { IsSubOwner, useExpressServer } = require('../dist/src/index.js');
const { filterAnd, whereEquals } = require('../dist/src/filters/index.js');
const { toTypeOrm } = require('../dist/src/filters/typeorm/index.js');
const { TestIssuer, silentLogger } = require('../dist/src/testing/index.js');
const { Note } = require('../dist/demo/models/note.js');

const rounds = Number(process.argv[2] ?? 1000);
const url = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
const schema = `axioms_bench_${randomUUID()}`;
const logged = [];
const logger = { logQuery: (text, values) => logged.push([text, values]), logQueryError() {}, logQuerySlow() {} };
const options = {
  type: 'postgres',
  url,
  schema,
  entities: [Note],
  logger: { ...logger, logSchemaBuild() {}, logMigration() {}, log() {} },
};
const db = await new DataSource({ ...options, logging: ['query'] }).initialize();
await db.query(`CREATE SCHEMA "${schema}"`);
await db.synchronize();

const issuer = new TestIssuer();
const owner = { authorSub: 'alice', authorIss: issuer.url };

class NoteController {
  permissionClasses = [IsSubOwner];
  ownerAttribute = 'authorSub';
  ownerIssuerAttribute = 'authorIss';
  unfilteredActions = ['byHand'];
  async filtered() {
    const notes = db.getRepository(Note);
    return notes.find({ where: toTypeOrm(await this.authorizedFilter(), notes) });
  }
  byHand() {
    const { sub: authorSub, claims } = this.request.user;
    return db.getRepository(Note).find({ where: { authorSub, authorIss: claims.iss } });
  }
}
for (const [path, name] of [
  ['/filtered', 'filtered'],
  ['/by-hand', 'byHand'],
])
  Get(path)(NoteController.prototype, name, Object.getOwnPropertyDescriptor(NoteController.prototype, name));
JsonController('/notes')(NoteController);

const app = issuer.attachTo(
  useExpressServer(express(), {
    controllers: [NoteController],
    axioms: { ...issuer.settings(), logger: silentLogger },
  }),
);
const server = app.listen(0, '127.0.0.1');
let token = issuer.token({ sub: 'alice' });

async function ask(path) {
  const start = process.hrtime.bigint();
  const response = await fetch(`http://127.0.0.1:${server.address().port}/notes/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const body = await response.text();
  if (response.status !== 200) throw new Error(body);
  return { time: Number(process.hrtime.bigint() - start) / 1e6, body };
}

const notes = db.getRepository(Note);
const filter = filterAnd(whereEquals('authorSub', 'alice'), whereEquals('authorIss', owner.authorIss));
const queries = {
  filtered: () => notes.find({ where: toTypeOrm(filter, notes) }),
  'by-hand': () => notes.find({ where: owner }),
};

async function query(name) {
  const start = process.hrtime.bigint();
  const found = await queries[name]();
  return { time: Number(process.hrtime.bigint() - start) / 1e6, body: JSON.stringify(found) };
}

async function fill(rows, owned) {
  await db.query(`TRUNCATE "${schema}".note`);
  const insert = `INSERT INTO "${schema}".note (text, "authorSub", "authorIss")
    SELECT 'note ' || n, CASE WHEN n <= $2 THEN 'alice' ELSE 'user' || n END, $3 FROM generate_series(1, $1) n`;
  await db.query(insert, [rows, owned, owner.authorIss]);
  await db.query(`ANALYZE "${schema}".note`);
}

async function compare(rows, owned, ask) {
  await fill(rows, owned);
  const times = { filtered: [], 'by-hand': [] };
  const count = owned > 1000 ? Math.ceil(rounds / 50) : rounds;
  for (let round = -50; round < count; round++) {
    // The last one may expire meanwhile.
    if (round % 50 === 0) token = issuer.token({ sub: 'alice' });
    const [first, second] = round % 2 === 0 ? ['filtered', 'by-hand'] : ['by-hand', 'filtered'];
    const answers = { [first]: await ask(first), [second]: await ask(second) };
    if (answers.filtered.body !== answers['by-hand'].body) throw new Error('The two lists differ.');
    if (round >= 0) for (const name of Object.keys(times)) times[name].push(answers[name].time);
  }
  const [ours, theirs] = [spread(times.filtered).median, spread(times['by-hand']).median];
  // Where other processes have the machine, the fast rounds are those that they left alone.
  const [ourFast, theirFast] = [percentile(times.filtered, 0.25), percentile(times['by-hand'], 0.25)];
  return [
    `${rows}, of which ${owned} are the caller's`,
    ...[ours, theirs].map(one => one.toFixed(2)),
    (ours / theirs).toFixed(3),
    (ourFast / theirFast).toFixed(3),
  ];
}

// The first thousands of requests are compiled while they run, and the first table would pay for it.
async function warmUp(ask) {
  await fill(10, 10);
  for (let round = 0; round < 2000; round++) {
    await ask('filtered');
    await ask('by-hand');
  }
}

const sizes = [
  [10, 10],
  [1_000, 10],
  [100_000, 10],
  [1_000, 1_000],
  [100_000, 100_000],
];
for (const [title, once] of [
  ['the whole request', ask],
  ['the query alone', query],
]) {
  const lines = [];
  await warmUp(once);
  for (const [rows, owned] of sizes) lines.push(await compare(rows, owned, once));
  console.log(`${table([title, 'filter (ms)', 'by hand (ms)', 'ratio', 'of the 25th percentiles'], lines)}\n`);
}

await fill(100_000, 10);
logged.length = 0;
await ask('filtered');
const [[text, values]] = logged.filter(([query]) => query.includes('"note"'));
console.log(`\n${text}\n`);
for (const { 'QUERY PLAN': line } of await db.query(`EXPLAIN ${text}`, values)) console.log(line);
server.close();
server.closeAllConnections();
app.locals.axioms.close();
await db.query(`DROP SCHEMA "${schema}" CASCADE`);
await db.destroy();

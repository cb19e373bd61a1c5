/**
 * Does the time of a refused sign-in reveal whether the user exists? Medians of 200 interleaved tries of each:
 * `npm run build && node bench/sign-in.mjs [tries] [scrypt|argon2id]`. Beside the time on the clock stands the time of the
 * processor, that of the work alone: `refusalTime`, which no refusal is sooner than, is on the clock only.
 */
import { createRequire } from 'node:module';
import { spread } from './statistics.mjs';

const require = createRequire(import.meta.url);
const users = name => require(`../dist/src/microservice/users/${name}.js`);
const { MemoryUserStore } = users('memory-user-store');
const { PhcPasswordHasher } = users('password-hasher');
const { PasswordSignIn } = users('password-sign-in');

const tries = Number(process.argv[2] ?? 200);
// What a refusal waits with keeps no process alive: a server's socket does, and here there is none.
const awake = setInterval(() => undefined, 60_000);
const unlimited = { begin: async () => {}, succeeded() {}, undecided() {} };

async function time(signIn, username) {
  const start = process.hrtime.bigint();
  const used = process.cpuUsage();
  await signIn.signIn({ username, password: 'a wrong password', address: '192.0.2.1' }).catch(() => {});
  const { user, system } = process.cpuUsage(used);
  return { clock: Number(process.hrtime.bigint() - start) / 1e6, processor: (user + system) / 1e3 };
}

/** A store with users whose hashes are of today, and one whose hash is of weaker days. */
async function storeFor(hasher, weaker) {
  const store = new MemoryUserStore();
  await store.create({ username: 'known', passwordHash: await hasher.hash('right') });
  const retired = await store.create({ username: 'inactive', passwordHash: await hasher.hash('a wrong password') });
  store.update(retired.id, { isActive: false });
  await store.create({ username: 'old hash', passwordHash: await weaker.hash('right') });
  return store;
}

// A Williams design: each is as often in each place as the others, and as often behind each of them. A try leaves memory
// and caches as it used them, so that who always came behind the same one would seem faster or slower than it is.
const orders = [
  [0, 1, 3, 2],
  [1, 2, 0, 3],
  [2, 3, 1, 0],
  [3, 0, 2, 1],
];

async function compare(name, hasher, weaker) {
  const signIn = new PasswordSignIn(await storeFor(hasher, weaker), hasher, unlimited);
  const kinds = ['unknown', 'known', 'inactive', 'old hash'];
  const times = Object.fromEntries(kinds.map(kind => [kind, []]));
  for (let round = 0; round < tries; round++)
    for (const index of orders[round % orders.length]) times[kinds[index]].push(await time(signIn, kinds[index]));
  for (const measure of ['clock', 'processor'])
    for (const kind of kinds) console.log(name, measure.padEnd(9), kind.padEnd(8), row(times, measure, kind));
}

function row(times, measure, kind) {
  const [base, median] = ['unknown', kind].map(one => spread(times[one].map(time => time[measure])).median);
  const away = (100 * (median - base)) / base;
  return `median ${median.toFixed(2)} ms  ${away >= 0 ? '+' : ''}${away.toFixed(2)} %`;
}

const schemes = {
  scrypt: () => [new PhcPasswordHasher({}, null), new PhcPasswordHasher({ scrypt: { ln: 13, r: 8, p: 1 } }, null)],
  argon2id: () => [new PhcPasswordHasher(), new PhcPasswordHasher({ argon2: { m: 9728, t: 2, p: 1 } })],
};

for (const name of process.argv[3] === undefined ? Object.keys(schemes) : [process.argv[3]])
  await compare(name, ...schemes[name]());
clearInterval(awake);

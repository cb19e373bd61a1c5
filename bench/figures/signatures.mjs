/**
 * WebCrypto beside node:crypto: node bench/figures/signatures.mjs [--rounds 5 --amount 2000]
 *
 * One after the other, and 64 at once, as a server meets them. node:crypto as src/core/jws/signature.ts uses it: at once, on
 * the event loop's thread; WebCrypto in Node's thread pool. CPU time is that of the whole process.
 */
import { createPublicKey, webcrypto } from 'node:crypto';
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { cpuTime } from '../cpu-time.mjs';
import { option, tell } from './figure.mjs';
import { library } from './verifiers.mjs';

const { verifySignature } = library('core/jws/signature');
const { signatureOver, signingKey } = library('testing/signing-key');
const { subtle } = webcrypto;
const [rounds, amount] = [option('rounds', 5), option('amount', 2000)];
// As long as an ordinary token's.
const input = `${'e'.repeat(60)}.${'c'.repeat(420)}`;

const web = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
};

async function waysOf(alg) {
  const key = signingKey('k1', alg);
  const signature = Buffer.from(signatureOver(input, key), 'base64url');
  const keyObject = createPublicKey(key.privateKey);
  const cryptoKey = await subtle.importKey('jwk', { ...key.jwk, alg: undefined }, web[alg], false, ['verify']);
  const data = () => Buffer.from(input, 'latin1');
  return {
    'node:crypto': () => verifySignature(alg, keyObject, input, signature),
    WebCrypto: () => subtle.verify(web[alg], cryptoKey, signature, data()),
  };
}

async function measure(verify, concurrency) {
  const [cpu, start] = [cpuTime(), performance.now()];
  let left = amount;
  const run = async () => {
    while (left-- > 0) if (!(await verify())) throw new Error('A good signature was not accepted');
  };
  await Promise.all(Array.from({ length: concurrency }, run));
  return { cpu: (cpuTime() - cpu) / amount, perSecond: (1000 * amount) / (performance.now() - start) };
}

async function compared(alg, concurrency) {
  const ways = await waysOf(alg);
  const found = { 'node:crypto': [], WebCrypto: [] };
  for (let round = -1; round < rounds; round++)
    for (const [name, verify] of Object.entries(ways)) {
      const one = await measure(verify, concurrency);
      if (round >= 0) found[name].push(one);
    }
  const of = (name, figure) => found[name].map(one => one[figure]);
  const cells = name => [shown(spread(of(name, 'cpu')), 1), shown(spread(of(name, 'perSecond')))];
  const share = ratio(of('node:crypto', 'cpu'), of('WebCrypto', 'cpu'));
  return { cells: [...cells('node:crypto'), ...cells('WebCrypto'), shown(share, 2)], share: share.median };
}

await tell(async () => {
  const rows = [];
  const values = {};
  for (const alg of Object.keys(web))
    for (const concurrency of [1, 64]) {
      const { cells, share } = await compared(alg, concurrency);
      rows.push([`${alg}, ${concurrency} at once`, ...cells]);
      values[`${alg}, ${concurrency}`] = share;
    }
  const heads = ['', 'node:crypto CPU µs', 'a second', 'WebCrypto CPU µs', 'a second', 'CPU, node:crypto ÷ WebCrypto'];
  return { title: 'Signatures: node:crypto beside WebCrypto', heads, rows, values };
});

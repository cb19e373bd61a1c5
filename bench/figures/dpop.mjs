/**
 * What a DPoP proof costs: node --expose-gc bench/figures/dpop.mjs [--rounds 7 --amount 2000]
 *
 * Requests inside the process, without a socket, to one app: with a known bearer token; the same to a handler that verifies
 * one signature with `crypto.verify`; with a known token, a known key and a new proof; and with proofs that are refused. They
 * are asked in turn, round by round. The app's clock is two minutes ahead after each round, so that proofs are forgotten, too.
 */
import 'reflect-metadata';
import { createPublicKey, hash, randomUUID, verify } from 'node:crypto';
import express from 'express';
import routingControllers from 'routing-controllers';
import { cpuTime } from '../cpu-time.mjs';
import { startIssuer } from '../issuer.mjs';
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { audience, claimsOf, makeKey, mint } from '../tokens.mjs';
import { ask, untilAnswered } from './by-hand.mjs';
import { option, tell } from './figure.mjs';
import { library } from './verifiers.mjs';

const { Get, JsonController } = routingControllers;
const { MemoryProofStore, useExpressServer } = library('index');
const { signed, signatureOver, signingKey } = library('testing/signing-key');
const { requiredMembers, thumbprintOf } = library('core/proofs/thumbprint');

const [rounds, amount, warmUps] = [option('rounds', 7), option('amount', 2000), 2];
const externalUrl = 'https://api.example.com';
/** By algorithm of the proof, the digest for `crypto.verify`. */
const digests = { ES256: 'sha256', EdDSA: null, RS256: 'sha256' };
const refusals = ['wrong signature', 'used before', 'another URL', 'another token', 'malformed'];

await tell(async () => {
  const key = makeKey('RS256');
  const issuer = await startIssuer([key]);
  const found = {};
  for (const alg of Object.keys(digests)) found[alg] = await measured(alg, key, issuer.url);
  issuer.close();
  return report(found);
});

async function measured(alg, issuerKey, issuerUrl) {
  const client = clientOf(alg);
  const others = [{}, { cnf: { jkt: client.thumbprint } }];
  const [bearer, bound] = await Promise.all(others.map(claims => mint(issuerKey, claimsOf(issuerUrl, claims))));
  const { app, seconds, advance } = appFor(issuerUrl, client);
  const makers = requestMakers(client, bearer, bound, seconds);
  await untilAnswered(app, makers.guarded(), 200);
  const costs = Object.fromEntries(Object.keys(makers).map(name => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    for (const [name, make] of Object.entries(makers)) {
      const requests = Array.from({ length: amount }, (_, index) => make(index));
      const cost = await costOf(app, requests, refusals.includes(name) ? 401 : 200);
      if (round >= 0) costs[name].push(cost);
    }
    advance(120);
  }
  return costs;
}

// The requests are there before the server's time is taken, and so must be the work of the collector that they make.
async function costOf(app, requests, expected) {
  globalThis.gc?.();
  const before = cpuTime();
  for (const request of requests) await ask(app, request, expected);
  return (cpuTime() - before) / requests.length;
}

/** By name: makes a request, given its number in the round. */
function requestMakers(client, bearer, bound, seconds) {
  const withToken = url => () => ({ url, fields: { authorization: `Bearer ${bearer}` } });
  const withProof = proof => ({ url: '/books', fields: { authorization: `DPoP ${bound}`, dpop: proof } });
  const other = signingKey('', client.key.alg);
  const accepted = [];
  return {
    guarded: withToken('/books'),
    'guarded and one verify': withToken('/verified'),
    accepted: index => (accepted[index] = withProof(client.proof(bound, seconds()))),
    'wrong signature': () => withProof(client.proof(bound, seconds(), {}, other)),
    'used before': index => accepted[index],
    'another URL': () => withProof(client.proof(bound, seconds(), { htu: `${externalUrl}/other` })),
    'another token': () => withProof(client.proof(bearer, seconds())),
    malformed: () => withProof(client.proof(bound, seconds()).slice(0, -1)),
  };
}

function clientOf(alg) {
  const key = signingKey('', alg);
  const jwk = requiredMembers(key.jwk);
  return {
    key,
    thumbprint: thumbprintOf(jwk),
    proof(token, iat, claims = {}, signer = key) {
      const ath = hash('sha256', token, 'base64url');
      const good = { htm: 'GET', htu: `${externalUrl}/books`, jti: randomUUID(), iat, ath };
      return signed({ typ: 'dpop+jwt', alg, jwk }, { ...good, ...claims }, signer);
    },
  };
}

function appFor(issuerUrl, { key }) {
  const proofStore = new MemoryProofStore({ size: 10 * amount, share: 10 * amount });
  const axioms = { audience, issuerUrl, dpop: 'allowed', externalUrl, proofStore };
  const controllers = [controller('/books', () => true), controller('/verified', verifierOf(key))];
  const app = useExpressServer(express().set('env', 'test'), { controllers, axioms });
  let ahead = 0;
  const clock = () => Date.now() + 1000 * ahead;
  proofStore.clock = clock;
  app.locals.axioms.verifier.clock = clock;
  return { app, seconds: () => Math.floor(clock() / 1000), advance: more => (ahead += more) };
}

function controller(path, look) {
  class BookController {
    list() {
      return { books: [], isRight: look() };
    }
  }
  Get('/')(BookController.prototype, 'list');
  JsonController(path)(BookController);
  return BookController;
}

/** One `crypto.verify` of a text as long as a proof's. */
function verifierOf(key) {
  const input = 'e'.repeat(450);
  const signature = Buffer.from(signatureOver(input, key), 'base64url');
  const publicKey = { key: createPublicKey(key.privateKey), dsaEncoding: 'ieee-p1363' };
  return () => verify(digests[key.alg], Buffer.from(input), publicKey, signature);
}

function report(found) {
  const algs = Object.keys(found);
  const names = Object.keys(found[algs[0]]);
  const share = (alg, name, other) => ratio(found[alg][name], found[alg][other]);
  const accepted = alg => share(alg, 'accepted', 'guarded and one verify');
  const ratios = {
    'accepted ÷ guarded and one verify': accepted,
    ...Object.fromEntries(refusals.map(name => [`${name} ÷ accepted`, alg => share(alg, name, 'accepted')])),
  };
  const dearest = alg => Math.max(...refusals.map(name => share(alg, name, 'accepted').median));
  return {
    title: 'A DPoP request with a known token and a known key, inside the process, CPU µs',
    heads: ['', ...algs],
    rows: [
      ...names.map(name => [name, ...algs.map(alg => shown(spread(found[alg][name]), 1))]),
      ...Object.entries(ratios).map(([what, of]) => [what, ...algs.map(alg => shown(of(alg), 2))]),
    ],
    values: Object.fromEntries(algs.map(alg => [alg, { accepted: accepted(alg), dearestRefusal: dearest(alg) }])),
  };
}

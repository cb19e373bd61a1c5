/** What shows that a caller has a key besides its proof: the certificate that a proxy reports, and the nonce. */
import { hash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { InvalidToken } from 'axioms-routing-controllers';
import {
  certificateThumbprint,
  removeForeignCertificate,
  type Received,
} from '../../../src/core/http/client-certificate';
import { Networks } from '../../../src/core/http/networks';
import { Nonces, noncePeriod } from '../../../src/core/proofs/nonces';
import { mutated, parsedOrRefused, target, type Target } from '../target';

const proxies = new Networks(['10.0.0.0/8']);
const fromProxy = { remoteAddress: '10.1.2.3' };
const fromStranger = { remoteAddress: '192.0.2.7', getPeerCertificate: () => ({}) };

const certificate = fc.uint8Array({ minLength: 1, maxLength: 300 }).map(bytes => Buffer.from(bytes));
const certificateField = mutated(
  certificate.map(bytes => `:${bytes.toString('base64')}:`),
  ':',
  '::',
  '=',
  '-----BEGIN CERTIFICATE-----',
  ';a=1',
);

function checkCertificate(field: string): void {
  const shown = parsedOrRefused(InvalidToken, () =>
    certificateThumbprint({ socket: fromProxy, rawHeaders: ['Client-Cert', field] }, proxies),
  );
  if (shown === undefined) return;
  const bytes = Buffer.from(field.slice(1, -1), 'base64');
  expect(`:${bytes.toString('base64')}:`).to.equal(field);
  expect(shown).to.equal(hash('sha256', bytes, 'base64url'));
}

const fieldName = fc.oneof(
  fc.mixedCase(fc.constantFrom('client-cert', 'client-cert-chain')),
  fc.constantFrom('Client_Cert', 'Client-Cert-', 'X-Client-Cert', 'client-certificate', 'Accept'),
  mutated(fc.constant('Client-Cert'), '-Chain'),
);
const headerFields = fc.array(fc.tuple(fieldName, fc.constantFrom(':AA==:', 'Client-Cert', '')), { maxLength: 6 });

type Fields = readonly (readonly [name: string, value: string])[];

function received(fields: Fields, socket: object): Received {
  const own = (): Record<string, unknown> =>
    Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
  return { socket, rawHeaders: fields.flat(), headers: own(), headersDistinct: own() };
}

const isOfCertificate = (name: string): boolean => /^client-cert(?:-chain)?$/i.test(name);

function checkRemoved(fields: Fields): void {
  const request = received(fields, fromStranger);
  removeForeignCertificate(request, proxies);
  const kept = fields.filter(([name]) => !isOfCertificate(name));
  expect(request.rawHeaders).to.deep.equal(kept.flat());
  for (const read of [request.headers, request.headersDistinct ?? {}])
    expect(read).to.deep.equal(received(kept, fromStranger).headers);
  expect(certificateThumbprint(request, proxies)).to.equal(undefined);
}

function checkKept(fields: Fields): void {
  const request = received(fields, fromProxy);
  removeForeignCertificate(request, proxies);
  expect(request).to.deep.equal(received(fields, fromProxy));
}

const [own, others] = [new Nonces(['first secret', 'second secret']), new Nonces(['secret of somebody else'])];
const thumbprint = 'bP1b4kBEmZVJYK3qeZNdxUZd2rG3xF5Ib2PqVfm0xLw';
const anyTime = fc.oneof(
  fc.date({ noInvalidDate: true }).map(date => date.getTime()),
  fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER, NaN, Infinity),
);

function checkNonce([field, now]: readonly [string, number]): void {
  const age = own.ageOf(field, thumbprint, now);
  const made = [-1, 0, 1].map(distance => own.nonceOf(thumbprint, now + distance * noncePeriod * 1000));
  expect(age !== undefined).to.equal(made.includes(field));
  expect(own.ageOf(field, `${thumbprint}.`, now)).to.equal(undefined);
}

const madeNonce = anyTime.chain(now =>
  fc.tuple(
    fc.oneof(
      fc.integer({ min: -3, max: 3 }).map(distance => own.nonceOf(thumbprint, now + distance * noncePeriod * 1000)),
      mutated(fc.constant(own.nonceOf(thumbprint, now)), '-', '_'),
      fc.constant(others.nonceOf(thumbprint, now)),
    ),
    fc.constant(now),
  ),
);

export const possessionTargets: readonly Target[] = [
  target('header: Client-Cert of a proxy', certificateField, checkCertificate),
  target('header: Client-Cert of a stranger', headerFields, checkRemoved),
  target('header: fields of a proxy', headerFields, checkKept),
  target('nonce of a proof', madeNonce, checkNonce),
];

/** Self-signed certificates for tests. Node makes none, so this writes the DER of RFC 5280 §4.1. */
import { generateKeyPairSync, hash, randomBytes, sign } from 'node:crypto';

export interface TestCertificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly der: Buffer;
  /** `cnf['x5t#S256']` of a token that is bound to it (RFC 8705 §3.1). */
  readonly thumbprint: string;
  /** The field `Client-Cert` of a proxy (RFC 9440 §2.2). */
  readonly field: string;
}

/** @param padding bytes to add to the certificate, as an organization's name */
export function makeCertificate(commonName: string, padding = 0): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectId('2a8648ce3d040302'));
  const organization = padding === 0 ? [] : [attribute('55040a', 'x'.repeat(padding))];
  const name = sequence(attribute('550403', commonName), ...organization);
  const signed = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(-1), time(24)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const der = sequence(signed, algorithm, bits(sign('sha256', signed, privateKey)));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines(der)}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    der,
    thumbprint: hash('sha256', der, 'base64url'),
    field: `:${der.toString('base64')}:`,
  };
}

function lines(der: Buffer): string {
  return der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
}

function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const long = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...long), content]);
}

function sequence(...contents: readonly Uint8Array[]): Buffer {
  return tagged(0x30, ...contents);
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function attribute(type: string, value: string): Buffer {
  return tagged(0x31, sequence(objectId(type), tagged(0x0c, Buffer.from(value))));
}

function bits(content: Uint8Array): Buffer {
  return tagged(0x03, Buffer.of(0), content);
}

// As GeneralizedTime, which OpenSSL reads for every year.
function time(hoursFromNow: number): Buffer {
  const date = new Date(Date.now() + hoursFromNow * 3_600_000).toISOString();
  return tagged(0x18, Buffer.from(`${date.replace(/[-:T]/g, '').slice(0, 14)}Z`));
}

/** The field `Client-Cert`, for every text, and its removal. */
import { hash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  certificateThumbprint,
  removeForeignCertificate,
  type Connected,
} from '../../../src/core/http/client-certificate';
import { InvalidToken } from '../../../src/core/http/exceptions';
import { Networks } from '../../../src/core/http/networks';

const proxy = new Networks(['10.0.0.1']);
const ofProxy = { remoteAddress: '10.0.0.1' };
const der = fc.uint8Array({ minLength: 1, maxLength: 300 });

function reported(...fields: readonly string[]): Connected {
  return { socket: ofProxy, rawHeaders: fields.flatMap(field => ['cLIENT-cERT', field]) };
}

function refusalOf(request: Connected): unknown {
  try {
    return certificateThumbprint(request, proxy) ?? 'none';
  } catch (error) {
    return error;
  }
}

describe('the certificate of a client', () => {
  it('is read from the field of a proxy, for any certificate', () => {
    fc.assert(
      fc.property(der, certificate => {
        const field = `:${Buffer.from(certificate).toString('base64')}:`;
        expect(certificateThumbprint(reported(field), proxy)).to.equal(hash('sha256', certificate, 'base64url'));
        expect(refusalOf(reported(field, field))).to.be.instanceOf(InvalidToken);
      }),
    );
  });

  it('is the only thing that its field may have: any other text is refused without quoting it', () => {
    const almost = fc
      .tuple(der, fc.nat(), fc.constantFrom('', ' ', ':', '=', '-', '_', ',', ';a', 'A', '\t', '\0', 'é', '\u{1f511}'))
      .map(([certificate, at, more]) => {
        const field = `:${Buffer.from(certificate).toString('base64')}:`;
        const place = at % (field.length + 1);
        return field.slice(0, place) + more + field.slice(place + (at % 2));
      });
    fc.assert(
      fc.property(fc.oneof(fc.string(), almost), field => {
        const found = refusalOf(reported(field));
        const text = /^:(.+):$/s.exec(field)?.[1] ?? '';
        const isRight = text !== '' && Buffer.from(text, 'base64').toString('base64') === text;
        if (isRight) expect(found).to.equal(hash('sha256', Buffer.from(text, 'base64'), 'base64url'));
        else expect((found as Error).message).to.equal('The Client-Cert header is malformed');
      }),
      { numRuns: 1000 },
    );
  });

  it('takes no longer for a long field than for a short one', () => {
    const field = `:${'A'.repeat(50_000_000)}!`;
    expect((refusalOf(reported(field)) as Error).message).to.equal('The Client-Cert header is too long');
    const longest = `:${'A'.repeat(8188)}:`;
    expect(refusalOf(reported(longest))).to.be.a('string');
    expect(refusalOf(reported(`:${'A'.repeat(8192)}:`))).to.be.instanceOf(InvalidToken);
  });

  it('is missing if the field comes from another address, from a connection without one, or without proxies', () => {
    const field = ':AAAA:';
    for (const socket of [{ remoteAddress: '10.0.0.2' }, { remoteAddress: undefined }, {}, null, undefined])
      expect(certificateThumbprint({ ...reported(field), socket }, proxy)).to.equal(undefined);
    expect(certificateThumbprint(reported(field), undefined)).to.equal(undefined);
    expect(certificateThumbprint(reported(field), new Networks([]))).to.equal(undefined);
  });

  it('is that of the TLS connection, unless a proxy has the other end', () => {
    const raw = Buffer.from('certificate');
    const getPeerCertificate = () => ({ raw });
    const client = { remoteAddress: '10.0.0.2', getPeerCertificate };
    expect(certificateThumbprint({ socket: client }, proxy)).to.equal(hash('sha256', raw, 'base64url'));
    expect(certificateThumbprint({ socket: { ...ofProxy, getPeerCertificate } }, proxy)).to.equal(undefined);
  });

  it('is missing if the TLS connection has none, or has ended', () => {
    for (const shown of [{}, null, undefined])
      expect(certificateThumbprint({ socket: { getPeerCertificate: () => shown } }, proxy)).to.equal(undefined);
  });
});

describe('removeForeignCertificate', () => {
  interface Fields {
    readonly headers: Record<string, unknown>;
    readonly headersDistinct?: Record<string, unknown>;
    readonly rawHeaders: string[];
  }
  const fields = (): Required<Fields> => ({
    headers: { host: 'a', 'client-cert': ':AAAA:', 'client-cert-chain': ':BBBB:', 'x-client-cert': 'Client-Cert' },
    headersDistinct: { host: ['a'], 'client-cert': [':AAAA:'], 'client-cert-chain': [':BBBB:'] },
    rawHeaders: ['Host', 'a', 'Client-Cert', ':AAAA:', 'X-Client-Cert', 'Client-Cert', 'client-CERT-chain', ':BBBB:'],
  });

  it('removes both fields of a stranger everywhere, and nothing else', () => {
    for (const socket of [{ remoteAddress: '10.0.0.2' }, undefined]) {
      const request = { ...fields(), socket };
      removeForeignCertificate(request, proxy);
      expect(request.headers).to.deep.equal({ host: 'a', 'x-client-cert': 'Client-Cert' });
      expect(request.headersDistinct).to.deep.equal({ host: ['a'] });
      expect(request.rawHeaders).to.deep.equal(['Host', 'a', 'X-Client-Cert', 'Client-Cert']);
    }
  });

  it('leaves those of a proxy, and other requests as they are', () => {
    const request = { ...fields(), socket: ofProxy };
    removeForeignCertificate(request, proxy);
    expect(request).to.deep.equal({ ...fields(), socket: ofProxy });
    const other = { headers: { host: 'Client-Cert' }, rawHeaders: ['Host', 'Client-Cert'] };
    removeForeignCertificate(other, proxy);
    expect(other).to.deep.equal({ headers: { host: 'Client-Cert' }, rawHeaders: ['Host', 'Client-Cert'] });
  });

  it('removes those of a stranger from headers, where rawHeaders is empty', () => {
    for (const name of ['client-cert', 'Client-Cert', 'client-cert-chain']) {
      const request: Fields = { headers: { host: 'a', [name]: ':AAAA:' }, rawHeaders: [] };
      removeForeignCertificate(request, proxy);
      expect(request.headers).to.deep.equal({ host: 'a' });
    }
  });

  it('works in runtimes without headersDistinct', () => {
    const { headers, rawHeaders } = fields();
    const request: Fields = { headers, rawHeaders };
    removeForeignCertificate(request, undefined);
    expect(Object.keys(request.headers)).to.deep.equal(['host', 'x-client-cert']);
  });
});

/** Reads the certificate that a client has shown: to this server, or to a proxy that reports it (RFC 8705 §3, RFC 9440). */
import { hash } from 'node:crypto';
import { InvalidToken } from './exceptions';
import type { Networks } from './networks';

/** The parts of a request that are needed. Node's `IncomingMessage` fits. */
export interface Connected {
  readonly socket?: ClientSocket | null | undefined;
  /** Field names and values as they arrived, alternating. */
  readonly rawHeaders?: readonly string[] | undefined;
}

/** Node's `TLSSocket`, or a socket without TLS. */
export interface ClientSocket {
  readonly remoteAddress?: string | undefined;
  /** Returns the certificate of the client; without one an empty object, or nothing. */
  getPeerCertificate?(): { readonly raw?: Uint8Array | undefined } | null | undefined;
}

/** Most characters of the header field: a certificate of 6 KiB. */
const longestField = 8192;

/**
 * Returns the thumbprint of the client's certificate (RFC 8705 §3.1), as 43 characters of base64url, or `undefined` if
 * the client has shown none. In a connection from a proxy only the field `Client-Cert` counts: the certificate of the
 * connection is the proxy's own.
 *
 * @param proxies the addresses whose `Client-Cert` counts; that of anybody else is ignored
 * @throws InvalidToken if the field is repeated, too long or malformed
 */
export function certificateThumbprint(
  { socket, rawHeaders = [] }: Connected,
  proxies: Networks | undefined,
): string | undefined {
  const isOfProxy = proxies?.includes(socket?.remoteAddress) === true;
  const certificate = isOfProxy ? reportedCertificate(rawHeaders) : socket?.getPeerCertificate?.()?.raw;
  return certificate === undefined ? undefined : hash('sha256', certificate, 'base64url');
}

function reportedCertificate(rawHeaders: readonly string[]): Uint8Array | undefined {
  const fields = rawHeaders.filter((_, index) => index % 2 === 1 && isName(rawHeaders[index - 1], ['client-cert']));
  if (fields.length > 1) throw unreadable('is repeated');
  return fields[0] === undefined ? undefined : certificateIn(fields[0]);
}

// A Byte Sequence (RFC 9440 §2.1, RFC 9651 §3.3.5) in the one form that a serializer writes, without parameters.
const byteSequence = /^:((?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?):$/;

function certificateIn(field: string): Uint8Array {
  if (field.length > longestField) throw unreadable('is too long');
  const [, text = ''] = byteSequence.exec(field) ?? [];
  const certificate = Buffer.from(text, 'base64');
  if (text === '' || certificate.toString('base64') !== text) throw unreadable('is malformed');
  return certificate;
}

function unreadable(what: string): InvalidToken {
  return new InvalidToken(`The Client-Cert header ${what}`, { reason: 'token_bound' });
}

const certificateFields = ['client-cert', 'client-cert-chain'];

function isName(name: string | undefined, names: readonly string[]): boolean {
  return name !== undefined && names.includes(name.toLowerCase());
}

function certificateNamesIn(fields: object): readonly string[] {
  return Object.keys(fields).filter(name => isName(name, certificateFields));
}

/** A request whose header fields can be removed. Node's `IncomingMessage` fits. */
export interface Received extends Connected {
  readonly headers: Record<string, unknown>;
  /** Missing in other runtimes than Node. */
  readonly headersDistinct?: Record<string, unknown> | undefined;
  readonly rawHeaders: string[];
}

/**
 * Removes `Client-Cert` and `Client-Cert-Chain` from a request, unless it comes from a proxy that may send them (RFC 9440
 * §4): anyone can write them.
 */
export function removeForeignCertificate(request: Received, proxies: Networks | undefined): void {
  const { rawHeaders, headers } = request;
  // Other runtimes than Node, and middleware that makes requests, may leave `rawHeaders` empty.
  const isSent = rawHeaders.some((name, index) => index % 2 === 0 && isName(name, certificateFields));
  if (!isSent && certificateNamesIn(headers).length === 0) return;
  if (proxies?.includes(request.socket?.remoteAddress) === true) return;
  // Node derives these two from `rawHeaders` when they are first read, so they are read before it changes.
  for (const fields of [request.headers, request.headersDistinct ?? {}])
    for (const name of certificateNamesIn(fields)) Reflect.deleteProperty(fields, name);
  const kept = rawHeaders.filter((_, index) => !isName(rawHeaders[index - (index % 2)], certificateFields));
  rawHeaders.splice(0, rawHeaders.length, ...kept);
}

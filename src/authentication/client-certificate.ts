/** Reads the client's certificate by the settings of a server (RFC 8705 §3). */
import type { IncomingMessage } from 'node:http';
import { certificateThumbprint, removeForeignCertificate } from '../core/http/client-certificate';
import { Networks } from '../core/http/networks';
import type { Settings } from '../core/settings/settings';
import { issuerSettings } from '../core/settings/trusted-issuers';

const known = new WeakMap<Settings, Networks>();

function proxiesOf(settings: Settings): Networks {
  const proxies = known.get(settings) ?? new Networks(settings.clientCertificateFrom);
  known.set(settings, proxies);
  return proxies;
}

/** Tells whether tokens of any trusted issuer may be bound to a client certificate. */
export function readsCertificates(settings: Settings): boolean {
  return issuerSettings(settings).some(({ mtls }) => mtls !== 'off');
}

/**
 * Returns the thumbprint of the certificate that the client of a request has shown, or `undefined`.
 *
 * @throws InvalidToken if a proxy reports the certificate in a form that cannot be read
 */
export function shownCertificate(request: IncomingMessage, settings: Settings): string | undefined {
  return certificateThumbprint(request, proxiesOf(settings));
}

/** Tells whether the fields `Client-Cert` of strangers must not reach the app. */
export function guardsCertificateFields(settings: Settings): boolean {
  return readsCertificates(settings) || settings.clientCertificateFrom.length > 0;
}

/** Removes the fields `Client-Cert` and `Client-Cert-Chain`, unless they come from a proxy of the settings. */
export function removeCertificateOfStranger(request: IncomingMessage, settings: Settings): void {
  removeForeignCertificate(request, proxiesOf(settings));
}

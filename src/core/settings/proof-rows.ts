/** The settings for proof of possession (RFC 9449, RFC 8705), a part of the one table. */
import { listOf, oneOf, proofStore, url } from './kinds';
import { network, secrets } from './proof-kinds';
import { row } from './row';

export const proofRows = {
  dpop: row(oneOf('off', 'allowed', 'required'), {
    variable: 'AXIOMS_DPOP',
    defaultText: '`off`',
    fallback: 'off',
    meaning:
      'proof of possession (RFC 9449). `off`: a token that is bound to a key is refused. `allowed`: a bound token needs its proof, an unbound one is a bearer token. `required`: only bound tokens. Needs `externalUrl` or `resourceUrl`',
  }),
  externalUrl: row(url, {
    variable: 'AXIOMS_EXTERNAL_URL',
    defaultText: 'the origin of `resourceUrl`',
    meaning:
      "what clients see in place of this app's `/`: a proof must name it, followed by the path of the request; never taken from a Host header",
  }),
  dpopNonceSecret: row(secrets, {
    variable: 'AXIOMS_DPOP_NONCE_SECRET',
    isSecret: true,
    defaultText: '–',
    meaning:
      'proofs need a nonce of this server (RFC 9449 §9), which is computed with this secret: at least 32 characters, the same in all processes; two while one replaces the other, of which the first makes nonces and both are accepted; never logged',
  }),
  proofStore: row(proofStore, {
    defaultText: 'the memory of this process',
    meaning: 'what remembers used proofs; `RedisProofStore` where several processes serve one API',
  }),
  mtls: row(oneOf('off', 'allowed', 'required'), {
    variable: 'AXIOMS_MTLS',
    defaultText: '`off`',
    fallback: 'off',
    meaning:
      'tokens that are bound to a client certificate (RFC 8705). `off`: they are refused. `allowed`: such a token needs its certificate, another one is a bearer token. `required`: only such tokens',
  }),
  clientCertificateFrom: row(listOf(network, { mayBeEmpty: true }), {
    variable: 'AXIOMS_CLIENT_CERTIFICATE_FROM',
    mayBeEmptyVariable: true,
    defaultText: 'none',
    fallback: [],
    meaning:
      'addresses and networks of the proxies that end TLS: their header field `Client-Cert` (RFC 9440) has the certificate of the client; from anybody else it is removed',
  }),
};

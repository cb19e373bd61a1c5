/** Publishes what resource servers need to verify the tokens: the keys and the metadata (RFC 8414). */
import type { Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { joinUrl } from '../../core/http/urls';
import type { Options } from '../options';
import { proofAlgorithms } from '../../core/proofs/dpop-proof';
import type { PublicKeySet, SigningKeys } from '../tokens/signing-keys';

const keysPath = '/.well-known/jwks.json';
const metadataPath = '/.well-known/oauth-authorization-server';

export function metadataController(options: Options, keys: SigningKeys): new () => object {
  // RFC 8414 §3.1: the issuer's path is appended to the well-known path. The key set is below the issuer's path.
  const issuerPath = new URL(options.issuer).pathname.replace(/\/+$/, '');

  @JsonController()
  class MetadataController {
    authenticationClasses = [];
    permissionClasses = [];
    throttleClasses = [];

    declare response: Response;

    @GetAt(keysPath, `${issuerPath}${keysPath}`)
    async jwks(): Promise<PublicKeySet> {
      const published = await keys.published();
      this.response.type('application/jwk-set+json').set('Cache-Control', 'public, max-age=300');
      return published;
    }

    @GetAt(metadataPath, `${metadataPath}${issuerPath}`)
    metadata(): object {
      this.response.set('Cache-Control', 'public, max-age=300');
      return metadataOf(options);
    }
  }
  return MetadataController;
}

function GetAt(...paths: readonly string[]): MethodDecorator {
  return (target, name, descriptor) => {
    for (const path of new Set(paths)) (Get(path) as MethodDecorator)(target, name, descriptor);
  };
}

// The microservice has no endpoint of RFC 6749, so there are no grant types and no response types. The members that end
// in `_endpoint` are not standardized.
function metadataOf({ issuer, externalUrl, prefix, signingAlgorithm, idp }: Options): object {
  const at = (path: string): string => joinUrl(externalUrl, path);
  return {
    issuer,
    jwks_uri: joinUrl(issuer, keysPath),
    response_types_supported: [],
    grant_types_supported: [],
    dpop_signing_alg_values_supported: proofAlgorithms,
    access_token_signing_alg_values_supported: [signingAlgorithm],
    sign_in_endpoint: at(`${prefix}/sign-in/`),
    ...(idp === undefined ? {} : { social_exchange_endpoint: at(`${prefix}/social-exchange/`) }),
    refresh_endpoint: at(`${prefix}/refresh/`),
    csrf_endpoint: at(`${prefix}/csrf/`),
    logoff_endpoint: at(`${prefix}/logoff/`),
  };
}

/** A process of its own that takes the tokens of one issuer, which it knows by its URL alone. */
import 'reflect-metadata';
import { Get, JsonController } from 'routing-controllers';
import type { AddressInfo } from 'node:net';
import { createExpressServer, type AxiomsRequest } from 'axioms-routing-controllers';

const [, , issuerUrl = ''] = process.argv;

@JsonController('/me')
class MeController {
  declare request: AxiomsRequest;

  @Get('/')
  me() {
    return this.request.authJwt;
  }
}

const axioms = { issuerUrl, audience: issuerUrl, profile: 'rfc9068', jwksPrefetch: false } as const;
const server = createExpressServer({ controllers: [MeController], axioms }).listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});

/** An app with two servers, each with an issuer of its own. */
import 'reflect-metadata';
import express from 'express';
import { Get, JsonController } from 'routing-controllers';
import { HasAccessTokenScopes, useExpressServer } from 'axioms-routing-controllers';
import { audience, silentLogger } from '../../issuer/test-issuer';

/** What the test sets before it runs a command. */
export const issuerUrls = ['http://127.0.0.1:9', 'http://127.0.0.1:8'];

@JsonController('/staff')
class StaffController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['staff'];
  @Get('/:id') retrieve() {
    return {};
  }
}

@JsonController('/shop')
class ShopController {
  @Get() list() {
    return [];
  }
}

export function createApp() {
  const app = express();
  for (const [index, controller] of [StaffController, ShopController].entries())
    useExpressServer(app, {
      controllers: [controller],
      axioms: { audience, issuerUrl: issuerUrls[index] ?? '', logger: silentLogger, jwksPrefetch: false },
    });
  return app;
}

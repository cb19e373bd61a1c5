/** A few requests and refreshes whose events every adapter has to measure. */
import { Get, JsonController } from 'routing-controllers';
import { HasAccessTokenScopes } from 'axioms-routing-controllers';
import { Api } from './api';
import { down } from './issuer/scripted-issuer';

@JsonController('/papers')
class PaperController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['paper:read'];
  @Get('/:id') read() {
    return {};
  }
}

/** Two allowed, one without a token, one expired; one refresh that succeeds and one that fails. */
export async function measuredApi(): Promise<Api> {
  const api = await Api.start({ controllers: [PaperController], axioms: { jwksPrefetch: false } });
  await api.server.jwksManager.refresh();
  api.issuer.server.keysMode = down;
  await api.server.jwksManager.refresh().catch(() => undefined);
  for (const id of ['1', '2']) await api.as({ scope: 'paper:read' }, 'get', `/papers/${id}`);
  await api.as(null, 'get', '/papers/1');
  await api.as({ exp: 1 }, 'get', '/papers/1');
  return api;
}

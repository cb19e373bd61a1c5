import { TokenHasScope, TokenMatchesOASRequirements, ApiView } from 'axioms-routing-controllers';
import { JsonController, Get, Post } from 'routing-controllers';
import { Request } from 'express';
@JsonController('/songs')
class SongController {
  permissionClasses = [TokenMatchesOASRequirements];
  requiredAlternateScopes = { GET: [['song:read'], ['song:admin']], POST: [['song:create', 'song:read']] };

  @Get('/')
  list() {
    return [];
  }

  @Post('/')
  create() {
    return {};
  }
}

class SensitiveScope extends TokenHasScope {
  override getScopes(request: Request, controller: ApiView) {
    const scopes = super.getScopes(request, controller); // a list of its own
    return request.query.sensitive === undefined ? scopes : [...scopes, 'sensitive'];
  }
}

export {};
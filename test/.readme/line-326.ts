import { AuthenticationFailed, BaseAuthentication, AccessTokenAuthentication, isAuthenticated, not, IsAuthenticated, AuthenticationResult } from 'axioms-routing-controllers';
import { JsonController, Get } from 'routing-controllers';
import { Service } from 'typedi';
import { Request } from 'express';
@Service()
class ApiKeys {
  readonly #owners = new Map([['secret-key', 'robot']]);

  ownerOf(key: string) {
    return this.#owners.get(key);
  }
}

@Service()
class ApiKeyAuthentication extends BaseAuthentication {
  override readonly isToken = false;
  override readonly authorizationSchemes = [];

  constructor(private readonly keys: ApiKeys) {
    super();
  }

  authenticate(request: Request): AuthenticationResult | null {
    const key = request.get('X-Api-Key');
    if (key === undefined) return null;
    const sub = this.keys.ownerOf(key);
    if (sub === undefined) throw new AuthenticationFailed('The API key is not known');
    return { user: { isAuthenticated: true, sub } };
  }

  override authenticateHeader() {
    return 'ApiKey realm="api"';
  }
}

@JsonController('/jobs')
class JobController {
  authenticationClasses = [AccessTokenAuthentication, ApiKeyAuthentication];
  permissionClasses = [IsAuthenticated];

  @Get('/')
  list() {
    return [];
  }
}

export {};
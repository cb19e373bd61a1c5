// #region after
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { Service } from 'typedi';
import {
  AccessTokenAuthentication,
  ApiController,
  AuthenticationFailed,
  createExpressServer,
  type SettingsInput,
} from 'axioms-routing-controllers';

@Service()
export class Members {
  readonly #names = new Map([['alice', 'Alice']]);

  nameOf(sub: string): Promise<string | undefined> {
    return Promise.resolve(this.#names.get(sub));
  }
}

// What the verify callback of the strategy did: refuse a caller without an account.
@Service()
class MemberAuthentication extends AccessTokenAuthentication {
  constructor(private readonly members: Members) {
    super();
  }

  override async authenticate(request: Request) {
    const result = await super.authenticate(request);
    if (result === null) return null;
    const name = await this.members.nameOf(result.user.sub ?? '');
    if (name === undefined) throw new AuthenticationFailed('There is no such member');
    return result;
  }
}

@JsonController('/profile')
class ProfileController extends ApiController {
  override authenticationClasses = [MemberAuthentication];

  constructor(private readonly members: Members) {
    super();
  }

  @Get('/')
  async show() {
    return { name: await this.members.nameOf(this.request.user?.sub ?? '') };
  }
}

export function createApp(axioms?: SettingsInput) {
  return createExpressServer({ controllers: [ProfileController], axioms });
}
// #endregion after

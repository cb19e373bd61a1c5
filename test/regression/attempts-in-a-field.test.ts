/** A class without @Service() is constructed for each request, and a field of it with each object. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  BasicAuthentication,
  MemorySignInAttempts,
  type AuthenticationClass,
  type SignInAttempts,
} from 'axioms-routing-controllers';
import { Api } from '../api';

let made: SignInAttempts[] = [];

function counter(triesPerAccountAndAddress: number): SignInAttempts {
  const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress });
  made.push(attempts);
  return attempts;
}

abstract class Passwords extends BasicAuthentication {
  protected override readonly refusalTime = 0;

  override authenticateCredentials(name: string, password: string) {
    return password === 'right' ? { id: name } : null;
  }
}

class StaffAuthentication extends Passwords {
  protected override readonly attempts: SignInAttempts = counter(3);
}

class ChiefAuthentication extends StaffAuthentication {
  protected override readonly attempts = counter(2);
}

const everywhere = new MemorySignInAttempts({ triesPerAccountAndAddress: 4 });

class PartnerAuthentication extends Passwords {
  protected override readonly attempts = everywhere;
}

@JsonController('/staff')
class StaffController {
  authenticationClasses: AuthenticationClass[] = [StaffAuthentication];

  @Get('/') get() {
    return 'in';
  }
}

@JsonController('/chiefs')
class ChiefController extends StaffController {
  override authenticationClasses = [ChiefAuthentication];
}

@JsonController('/partners')
class PartnerController extends StaffController {
  override authenticationClasses = [PartnerAuthentication];
}

@JsonController('/open')
class OpenController extends StaffController {
  permissionClasses = [AllowAny];
}

const controllers = [StaffController, ChiefController, PartnerController, OpenController];

describe('attempts in a field of a class that is constructed for each request', () => {
  let api: Api;
  beforeEach(async () => {
    made = [];
    api = await Api.start({ controllers });
  });
  afterEach(() => api.close());

  async function statuses(path: string, tries: number, from = api): Promise<number[]> {
    const all: number[] = [];
    for (let count = 0; count < tries; count++)
      all.push((await from.as(null, 'get', path).auth('root', `wrong${count}`)).status);
    return all;
  }

  it('count the failed sign-ins of all requests', async () => {
    expect(await statuses('/staff', 5)).to.deep.equal([401, 401, 401, 429, 429]);
    expect((await api.as(null, 'get', '/staff').auth('root', 'right')).status).to.equal(429);
    expect((await api.as(null, 'get', '/staff').auth('ged', 'right')).status).to.equal(200);
  });

  it('count for each class, with its own limits', async () => {
    expect(await statuses('/staff', 4)).to.deep.equal([401, 401, 401, 429]);
    expect(await statuses('/chiefs', 3)).to.deep.equal([401, 401, 429]);
  });

  it('count for each server', async () => {
    expect(await statuses('/staff', 4)).to.deep.equal([401, 401, 401, 429]);
    const other = await Api.start({ controllers });
    try {
      expect(await statuses('/staff', 4, other)).to.deep.equal([401, 401, 401, 429]);
    } finally {
      await other.close();
    }
  });

  it('count together where servers are given one object on purpose', async () => {
    const other = await Api.start({ controllers });
    try {
      expect(await statuses('/partners', 3)).to.deep.equal([401, 401, 401]);
      expect(await statuses('/partners', 2, other)).to.deep.equal([401, 429]);
    } finally {
      await other.close();
    }
  });

  it('cost no memory for objects whose counter is not used', async () => {
    await statuses('/open', 3);
    const [first, ...later] = made.filter(one => (one as MemorySignInAttempts).remembered.addresses > 0);
    expect(first).not.to.equal(undefined);
    expect(later).to.deep.equal([]);
    expect(made.length).to.be.greaterThan(2);
  });
});

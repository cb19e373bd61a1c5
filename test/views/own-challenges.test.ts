/** RFC 9110 §11.6.1: what is sent for the challenge that a class of the app's writes itself. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  APIException,
  HasAccessTokenScopes,
  InvalidRequest,
} from 'axioms-routing-controllers';
import type { ChallengeParameters } from '../../src/core/http/challenge';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { Api } from '../api';
import { fieldsOf } from '../refusals';

const metadata = 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"';
const expired = 'error="invalid_token", error_description="The access token expired"';
const invalid = 'error="invalid_token", error_description="The access token is not valid"';
const poor =
  'error="insufficient_scope", error_description="The access token does not have the scope that this request needs"';

interface Sent {
  readonly title: string;
  /** What the class returns. */
  readonly own: string;
  /** To a caller without a token. */
  readonly anonymous: string;
  /** To a caller with an expired token. */
  readonly bad: string;
  /** To a caller whose token lacks the scope; `undefined`: no challenge. */
  readonly forbidden: string | undefined;
}

function unchanged(title: string, own: string): Sent {
  return { title, own, anonymous: own, bad: own, forbidden: undefined };
}

function extended(title: string, own: string, prefix = `${own},`): Sent {
  return {
    title,
    own,
    anonymous: `${prefix} scope="a", ${metadata}`,
    bad: `${prefix} ${expired}, scope="a", ${metadata}`,
    forbidden: `${prefix} ${poor}, scope="a", ${metadata}`,
  };
}

const cases: readonly Sent[] = [
  extended('a scheme alone', 'DPoP', 'DPoP'),
  extended('names of parameters within a value', 'Bearer realm="see , scope= and , resource_metadata="'),
  extended('escaped quotes', 'Bearer realm="the \\"inner\\" api"'),
  extended('values without quotes', 'bearer Realm=api, x=1'),
  extended('other spaces', 'Bearer  realm = "a" ,x="b"', 'Bearer realm="a", x="b",'),
  {
    title: 'an error and scopes of its own',
    own: 'DPoP algs="ES256", error="use_dpop_nonce", error_description="Again", SCOPE="own"',
    anonymous: `DPoP algs="ES256", error="use_dpop_nonce", error_description="Again", SCOPE="own", ${metadata}`,
    bad: `DPoP algs="ES256", error="use_dpop_nonce", error_description="Again", SCOPE="own", ${metadata}`,
    forbidden: `DPoP algs="ES256", error="use_dpop_nonce", error_description="Again", SCOPE="own", ${metadata}`,
  },
  unchanged('several challenges', 'Bearer realm="a", DPoP algs="ES256"'),
  unchanged('several challenges of which a later one is alone', 'Bearer realm="a", Negotiate'),
  unchanged('a token68', 'Bearer YWJj=='),
  unchanged('a parameter that is given twice', 'Bearer realm="a", Realm="b"'),
  unchanged('a URL without quotes', 'Bearer realm=https://api.example.com'),
  unchanged('a quote that is not closed', 'Bearer realm="a'),
  unchanged('another scheme', 'Digest realm="a", algorithm=SHA-256, stale=true'),
  unchanged('another scheme with a token68', 'Negotiate YWJj=='),
];

describe('The challenge of a class of the app', () => {
  let ran: string[] = [];
  const controllers = cases.map(({ own }, index) => {
    class OwnChallenge extends AccessTokenAuthentication {
      override authenticateHeader() {
        return own;
      }
    }

    @JsonController(`/${index}`)
    class OwnController {
      authenticationClasses = [OwnChallenge];
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['a'];

      @Get('/') list() {
        ran.push(own);
        return [];
      }
    }
    return OwnController;
  });

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers, axioms: { resourceUrl: 'https://api.example.com' } });
  });
  after(() => api.close());
  beforeEach(() => {
    ran = [];
  });

  cases.forEach(({ title, own, anonymous, bad, forbidden }, index) => {
    const as = async (claims: object | null): Promise<[status: number, challenges: string[]]> => {
      const response = await api.as(claims, 'get', `/${index}`);
      return [response.status, fieldsOf(response, 'www-authenticate')];
    };

    it(`${anonymous === own ? 'is sent as it is' : 'is completed'} if it has ${title}: ${own}`, async () => {
      expect(await as(null)).to.deep.equal([401, [anonymous]]);
      expect(await as({ exp: 1, scope: 'a' })).to.deep.equal([401, [bad]]);
      expect(await as({ scope: 'b' })).to.deep.equal([403, forbidden === undefined ? [] : [forbidden]]);
      expect(ran).to.deep.equal([]);
      expect(await as({ scope: 'a' })).to.deep.equal([200, []]);
    });
  });

  it('is in the OpenAPI document as it is sent', async () => {
    const { paths } = await openApiDocument(api.app);
    cases.forEach(({ anonymous, bad, forbidden }, index) => {
      const { responses } = paths[`/${index}`]!.get!;
      const unauthorized = responses['401']?.headers?.['WWW-Authenticate'];
      expect(unauthorized?.example).to.equal(anonymous);
      expect(unauthorized?.description).to.contain(`\`${bad.replace(expired, invalid)}\``);
      expect(responses['403']?.headers?.['WWW-Authenticate']?.example).to.equal(forbidden);
    });
  });
});

describe('The challenge of an error of the app', () => {
  class StepUp extends APIException {
    static override readonly httpCode = 401;
    override get challenge(): ChallengeParameters {
      return { error: 'insufficient_user_authentication', error_description: 'Sign in "again"', scope: undefined };
    }
  }

  class Silent extends AccessTokenAuthentication {
    override authenticateHeader() {
      return 'Bearer realm="a", DPoP algs="ES256"';
    }
  }

  @JsonController('/step-up')
  class StepUpController {
    permissionClasses = [HasAccessTokenScopes];
    accessTokenScopes = ['a'];

    @Get('/') list(): never {
      throw new StepUp();
    }
  }

  @JsonController('/malformed')
  class MalformedController {
    authenticationClasses = [Silent];
    permissionClasses = [HasAccessTokenScopes];
    accessTokenScopes = ['a'];

    @Get('/') list(): never {
      throw new InvalidRequest();
    }
  }

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [StepUpController, MalformedController] });
  });
  after(() => api.close());

  it('names the scopes of the route where the error has none', async () => {
    const response = await api.as({ scope: 'a' }, 'get', '/step-up');
    expect([response.status, fieldsOf(response, 'www-authenticate')]).to.deep.equal([
      401,
      ['Bearer realm="api", error="insufficient_user_authentication", error_description="Sign in  again ", scope="a"'],
    ]);
  });

  it('is not sent in a 400 where the class has a challenge that cannot have an error', async () => {
    const response = await api.as({ scope: 'a' }, 'get', '/malformed');
    expect([response.status, fieldsOf(response, 'www-authenticate')]).to.deep.equal([400, []]);
  });
});

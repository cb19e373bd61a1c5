/** Builds the security schemes of a document: how clients send credentials, and where they get tokens. */
import type { NamedSecurityScheme } from '../authentication/base';
import { bearer } from './callers';
import type { IssuerSignIn, SignIn } from './issuer-endpoints';
import { componentName } from './json-schema';

type SecurityScheme = Readonly<Record<string, unknown>>;

/** The issuers of a document. If there are several, the scheme of each is named after it. */
export class SignInSchemes {
  readonly #issuers: readonly IssuerSignIn[];

  constructor(issuers: readonly IssuerSignIn[]) {
    this.#issuers = issuers.filter(
      ({ issuer }, index) => issuers.findIndex(other => other.issuer === issuer) === index,
    );
  }

  /** Returns the names of the schemes that give a token of one of these issuers. */
  namesFor(issuers: readonly IssuerSignIn[]): readonly string[] {
    return issuers.filter(({ signIn }) => signIn !== undefined).map(({ issuer }) => this.#nameOf(issuer));
  }

  /**
   * Returns all schemes of a document.
   *
   * @param sent the schemes by which clients send credentials
   * @param scopes descriptions of the scopes
   */
  with(
    sent: readonly NamedSecurityScheme[],
    scopes: Readonly<Record<string, string>>,
  ): Readonly<Record<string, SecurityScheme>> {
    const named = Object.fromEntries(sent.map(({ name, scheme }) => [componentName(name), scheme]));
    const { [bearer.name]: asBearer } = named;
    if (asBearer === undefined) return named;
    const signIns = this.#issuers.flatMap(({ issuer, signIn }) =>
      signIn === undefined ? [] : [[this.#nameOf(issuer), authorizationCode(issuer, signIn, scopes)] as const],
    );
    return { ...Object.fromEntries(signIns), ...named, [bearer.name]: this.#bearer(asBearer) };
  }

  #nameOf(issuer: string): string {
    if (this.#issuers.length === 1) return 'oauth2';
    return `oauth2-${componentName(issuer.replace(/^https?:\/\//, '').replace(/\/$/, ''))}`;
  }

  #bearer(scheme: SecurityScheme): SecurityScheme {
    const remarks = this.#issuers.filter(({ signIn }) => signIn === undefined).map(remarkOn);
    if (remarks.length === 0) return scheme;
    return { ...scheme, description: [String(scheme['description']), ...remarks].join(' ') };
  }
}

function remarkOn({ issuer, signInEndpoint }: IssuerSignIn): string {
  if (signInEndpoint !== undefined) return `Tokens of ${issuer}: POST a username and a password to ${signInEndpoint}.`;
  return `How to sign in at ${issuer} is missing here: its endpoints cannot be found at the moment.`;
}

// RFC 6749 §4.1, RFC 7636: OpenAPI has no member for PKCE.
function authorizationCode(
  issuer: string,
  { authorizationUrl, tokenUrl }: SignIn,
  scopes: Readonly<Record<string, string>>,
): SecurityScheme {
  return {
    type: 'oauth2',
    description: `Sign in at ${issuer}: authorization code with PKCE (S256).`,
    flows: { authorizationCode: { authorizationUrl, tokenUrl, scopes } },
  };
}

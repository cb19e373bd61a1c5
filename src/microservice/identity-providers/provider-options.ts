/** The options of an identity provider, and the definition that follows from them. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { shown, typeOf } from '../../core/settings/shown-value';

/** The options that every provider has. */
export interface CommonProviderOptions {
  /** The name in the paths of login and callback, and in the log; default: the value of `provider`. */
  readonly name?: string;
  /** The app's client ID at the provider: the audience of the ID tokens. */
  readonly clientId: string;
  /** The client's secret, for logins only. Without it the client is public and uses PKCE alone. */
  readonly clientSecret?: string;
  /** The scopes that a login requests; default `openid email profile`. */
  readonly scopes?: readonly string[];
  /** The accepted signature algorithms; default RS256 only. */
  readonly algorithms?: readonly string[];
  /** Seconds of tolerance for `exp`, `nbf`, `iat`; default 5. */
  readonly clockTolerance?: number;
  /** Seconds since `iat` after which an ID token is refused; default: until it expires. */
  readonly maxTokenAge?: number;
  /** Other audiences that an ID token may have in addition to the client; default none. */
  readonly trustedAudiences?: readonly string[];
  /** Other clients of the app that a token may have been issued to (`azp`), such as a mobile app; default none. */
  readonly authorizedParties?: readonly string[];
  /** Claims that ID tokens must have, with their values. */
  readonly requiredClaims?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Accepts only users whose e-mail address the provider has verified; default true, but false for Entra, which does
   * not say.
   */
  readonly requireVerifiedEmail?: boolean;
  /**
   * Links the identity to an existing user with the same verified e-mail address; default false. Use it only if the app
   * has verified the addresses of its users. Otherwise an attacker could register with somebody else's address in
   * advance.
   */
  readonly linkByVerifiedEmail?: boolean;
}

/** The choice of a provider, with its own options. */
export type ProviderChoice =
  | {
      readonly provider: 'aws';
      readonly region: string;
      readonly userPool: string;
      /** The URL of an emulator on this machine, which replaces `https://cognito-idp.{region}.amazonaws.com`. */
      readonly endpoint?: string;
    }
  | { readonly provider: 'auth0'; readonly domain: string }
  | {
      readonly provider: 'okta';
      readonly domain: string;
      /** The ID of a custom authorization server, such as `default`; default: that of the organization. */
      readonly authorizationServer?: string;
    }
  | {
      readonly provider: 'entra';
      /** The ID of the directory. `common` and similar names are refused: they would accept users of any directory. */
      readonly tenant: string;
    }
  | { readonly provider: 'keycloak'; readonly url: string; readonly realm: string }
  | {
      readonly provider: 'google';
      /** Accepts only accounts of this Workspace domain (`hd`). */
      readonly hostedDomain?: string;
    }
  | {
      readonly provider: 'oidc';
      readonly issuer: string;
      /** Default: discovered. */
      readonly jwksUrl?: string;
    };

/**
 * An identity provider whose tokens are exchanged.
 *
 * @example
 * const idp: ProviderOptions = { provider: 'aws', region: 'eu-central-1', userPool: 'eu-central-1_a1B2c3', clientId: '4f5g6h' };
 */
export type ProviderOptions = CommonProviderOptions & ProviderChoice;

/** A provider with its options checked and its defaults filled in. */
export interface ProviderDefinition extends CommonProviderOptions {
  readonly kind: ProviderOptions['provider'];
  readonly name: string;
  readonly issuer: string;
  /** Other spellings of the issuer in its tokens. */
  readonly issuerAliases: readonly string[];
  readonly jwksUrl?: string | undefined;
  readonly requireVerifiedEmail: boolean;
}

interface Preset {
  /** The required and the optional options of a provider, each with the form of its value. */
  readonly required: Readonly<Record<string, RegExp>>;
  readonly optional?: Readonly<Record<string, RegExp>>;
  define(options: Readonly<Record<string, string>>): Partial<ProviderDefinition> & { readonly issuer: string };
}

const host = /^[a-z0-9.-]+(?::\d+)?$/i;
const segment = /^[\w.~-]+$/;
const url = /^https?:\/\/[^\s?#]+$/;

const presets: Readonly<Record<ProviderOptions['provider'], Preset>> = {
  aws: {
    required: { region: /^[a-z0-9-]+$/, userPool: /^[\w-]+$/ },
    optional: { endpoint: url },
    define: ({ region = '', userPool, endpoint = cognitoEndpoint(region) }) => {
      const issuer = `${endpoint.replace(/\/+$/, '')}/${userPool}`;
      return { issuer, jwksUrl: `${issuer}/.well-known/jwks.json` };
    },
  },
  auth0: { required: { domain: host }, define: ({ domain }) => ({ issuer: `https://${domain}/` }) },
  okta: {
    required: { domain: host },
    optional: { authorizationServer: segment },
    define: ({ domain, authorizationServer: server }) => ({
      issuer: `https://${domain}${server === undefined ? '' : `/oauth2/${server}`}`,
    }),
  },
  entra: {
    required: { tenant: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ },
    define: ({ tenant }) => ({
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      requireVerifiedEmail: false,
    }),
  },
  keycloak: {
    required: { url, realm: segment },
    define: ({ url: base = '', realm }) => ({ issuer: `${base.replace(/\/+$/, '')}/realms/${realm}` }),
  },
  google: {
    required: {},
    optional: { hostedDomain: host },
    define: ({ hostedDomain }) => ({
      issuer: 'https://accounts.google.com',
      issuerAliases: ['accounts.google.com'],
      ...(hostedDomain === undefined ? {} : { requiredClaims: { hd: hostedDomain } }),
    }),
  },
  oidc: {
    required: { issuer: url },
    optional: { jwksUrl: url },
    define: ({ issuer = '', jwksUrl }) => ({ issuer, jwksUrl }),
  },
};

const commonNames: readonly (keyof CommonProviderOptions)[] = [
  'name',
  'clientId',
  'clientSecret',
  'scopes',
  'algorithms',
  'clockTolerance',
  'maxTokenAge',
  'trustedAudiences',
  'authorizedParties',
  'requiredClaims',
  'requireVerifiedEmail',
  'linkByVerifiedEmail',
];

/**
 * Checks the options and fills in the defaults.
 *
 * @throws ImproperlyConfigured with the option, and what is accepted
 */
export function defineProvider(options: ProviderOptions): ProviderDefinition {
  const { provider: kind } = options;
  const preset = Object.hasOwn(presets, kind) ? presets[kind] : undefined;
  if (preset === undefined)
    throw new ImproperlyConfigured(
      `There is no identity provider ${shown(kind)}. The providers are: ${Object.keys(presets).join(', ')}; 'oidc' is every other one.`,
    );
  const given = Object.entries(options).filter(([, value]) => (value as unknown) !== undefined);
  checkOptions(kind, Object.fromEntries(given), preset);
  const common = Object.fromEntries(given.filter(([name]) => isCommon(name)));
  const own = Object.fromEntries(given.filter(([name]) => !isCommon(name)));
  const defined = preset.define(own);
  return Object.freeze({
    name: kind,
    issuerAliases: [],
    requireVerifiedEmail: true,
    ...defined,
    ...(common as unknown as CommonProviderOptions),
    requiredClaims: { ...defined.requiredClaims, ...options.requiredClaims },
    kind,
  });
}

type Values = Readonly<Record<string, unknown>>;

function checkOptions(kind: string, values: Values, preset: Preset): void {
  refuseUnknown(kind, values, preset);
  checkTexts(kind, values, preset);
  for (const name of ['requireVerifiedEmail', 'linkByVerifiedEmail'])
    if (values[name] !== undefined && typeof values[name] !== 'boolean')
      throw wrong(kind, name, values[name], 'true or false');
  for (const name of ['scopes', 'trustedAudiences', 'authorizedParties'])
    if (values[name] !== undefined && !isListOfTexts(values[name]))
      throw wrong(kind, name, values[name], 'a list of strings');
}

function refuseUnknown(kind: string, values: Values, { required, optional = {} }: Preset): void {
  const accepted = ['provider', ...Object.keys(required), ...Object.keys(optional), ...commonNames];
  const unknown = Object.keys(values).find(name => !accepted.includes(name));
  if (unknown !== undefined)
    throw new ImproperlyConfigured(
      `The identity provider '${kind}' has no option '${unknown}'. Its options are: ${accepted.join(', ')}.`,
    );
}

function checkTexts(kind: string, values: Values, { required, optional = {} }: Preset): void {
  const forms = { ...optional, ...required, clientId: /^\S+$/, name: /^[a-z0-9-]+$/i, clientSecret: /^.+$/ };
  for (const [name, form] of Object.entries(forms)) {
    const isNeeded = Object.hasOwn(required, name) || name === 'clientId';
    const value = values[name];
    const isRight = value === undefined ? !isNeeded : typeof value === 'string' && form.test(value);
    if (!isRight) throw wrong(kind, name, value, `a string like ${String(form)}`);
  }
}

function wrong(kind: string, name: string, value: unknown, accepts: string): ImproperlyConfigured {
  const isSecret = name === 'clientSecret';
  const seen = value === undefined ? 'missing' : isSecret ? typeOf(value) : shown(value);
  return new ImproperlyConfigured(
    `The option '${name}' of the identity provider '${kind}' is ${seen}; expected ${accepts}.`,
  );
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(one => typeof one === 'string' && one !== '');
}

function isCommon(name: string): boolean {
  return (commonNames as readonly string[]).includes(name);
}

// The regions of AWS in China are a separate partition.
function cognitoEndpoint(region: string): string {
  return `https://cognito-idp.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

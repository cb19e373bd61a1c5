/** What a server is made with, and what an app finds at `app.locals.axioms`. */
import type { RoutingControllersOptions } from 'routing-controllers';
import type { AccessTokenVerifier } from '../../core/tokens/access-token';
import type { TokenIntrospector } from '../../core/tokens/introspection';
import type { JwksManager } from '../../core/issuers/jwks-manager';
import type { Settings, SettingsInput } from '../../core/settings/settings';
import type { RouteAudit } from '../../views/start/audit';
import type { RouteRules } from '../../views/start/route-rules';

/** routing-controllers' options and the library's settings. */
export interface AxiomsServerOptions extends RoutingControllersOptions {
  /** Default: `settingsFromEnv(process.env)`. */
  axioms?: SettingsInput | undefined;
}

/** What a server keeps at `app.locals.axioms`. */
export interface AxiomsServer {
  readonly settings: Settings;
  readonly jwksManager: JwksManager;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** Every guarded route and what it asks for. */
  readonly routes: readonly RouteRules[];
  /** Who may do what: every guarded route of the app, in the order of registration, as plain data. */
  audit(): readonly RouteAudit[];
  /** Stops the refreshing of keys; the process can end by itself then. */
  close(): void;
}

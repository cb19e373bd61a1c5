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

/** A server, as it is stored at `app.locals.axioms`. */
export interface AxiomsServer {
  readonly settings: Settings;
  readonly jwksManager: JwksManager;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** Every guarded route and what it requires. */
  readonly routes: readonly RouteRules[];
  /** Returns the access rule of every guarded route of the app as plain data, in the order of registration. */
  audit(): readonly RouteAudit[];
  /** Stops refreshing keys, so that the process can end by itself. */
  close(): void;
}

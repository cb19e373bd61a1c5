import type { KoaContextWithOIDC } from 'oidc-provider';
import { page } from './page';

/** A logout here ends the session and notifies every app of it: OpenID Connect RP-Initiated Logout 1.0. */
export const logoutPages = {
  logoutSource(ctx: KoaContextWithOIDC, form: string) {
    const button = '<button name="logout" value="yes" form="op.logoutForm" autofocus>Log out</button>';
    ctx.body = page('Log out', `<h1>Log out?</h1>${form}${button}`);
  },
  postLogoutSuccessSource(ctx: KoaContextWithOIDC) {
    ctx.body = page('Logged out', '<h1>You are logged out.</h1>');
  },
};

/** Who gets in at the microservice, for how long, and what their tokens open: each step over HTTP. */
import { isDeepStrictEqual } from 'node:util';
import { decodeJwt } from 'jose';
import { microserviceClient } from '../authorization-server/clients';
import type { AuthorizationServer } from '../authorization-server';
import { Browser } from '../client/browser';
import { SessionPage } from '../client/session';
import { idTokenOf } from '../client/tokens';
import type { Demo } from '../demo';
import { providerName } from '../microservice';
import type { Article } from '../models/article';
import { ged } from '../users';
import type { Callers } from './callers';
import { answerIn, type Outcome } from './check-rules';
import { bearerAndProof } from './expected';
import { foreignIdTokens, sign } from './flawed-tokens';
import { examples } from './table';

/** Every rule of the microservice of this demo, one step after the other. */
export async function* checkMicroservice(
  { api, issuer }: Pick<Demo, 'api' | 'issuer'>,
  callers: Callers,
): AsyncGenerator<Outcome> {
  const check = new MicroserviceCheck(api.url, issuer, callers);
  yield* check.signIn();
  yield* check.ownTokens();
  yield* check.ownership();
  yield* check.refresh();
  yield* check.refusedRefreshes();
  yield* check.logOff();
  yield* check.exchange();
  yield* check.login();
}

class MicroserviceCheck {
  constructor(
    private readonly url: string,
    private readonly issuer: AuthorizationServer,
    private readonly callers: Callers,
  ) {}

  async *signIn() {
    const page = this.#page();
    const request = 'POST /auth/sign-in/';
    yield this.#outcome(request, 'ged', 200, await page.signIn(ged.name, ged.password));
    yield this.#outcome(request, 'ged, wrong password', 401, await page.signIn(ged.name, 'goat'));
    yield this.#outcome(request, 'unknown user', 401, await page.signIn('cob', ged.password));
    yield this.#outcome(
      request,
      'ged, no password',
      400,
      await page.signIn(ged.name, '', { body: { username: 'ged' } }),
    );
    yield this.#outcome(request, 'ged, as a form', 400, await page.signIn(ged.name, ged.password, asForm));
    yield this.#outcome(request, 'ged, cross-site', 403, await page.signIn(ged.name, ged.password, crossSite));
  }

  /** They go for the same controllers as the authorization server's. */
  async *ownTokens() {
    const page = await this.#signedIn();
    yield this.#outcome('GET /protected', "ged's own token", 200, await page.call('GET', '/protected'));
    yield this.#outcome('GET /books', "ged's own token", 200, await page.call('GET', '/books'));
    const addition = await page.call('POST', '/books', examples.books);
    yield this.#outcome('POST /books', "ged's own token", 403, addition, insufficientScope('book:create'));
    yield this.#outcome('GET /sample', "ged's own token", 200, await page.call('GET', '/sample'));
    yield this.#outcome('POST /sample', "ged's own token", 403, await page.call('POST', '/sample'));
    yield this.#outcome('GET /role', "ged's own token", 200, await page.call('GET', '/role'));
  }

  /** The same `sub` of another issuer is somebody else. */
  async *ownership() {
    const page = await this.#signedIn();
    const creation = await page.call('POST', '/articles', examples.articles);
    yield this.#outcome('POST /articles', "ged's own token", 201, creation);
    const { id } = (await creation.json()) as Article;
    const change = (token: string) => this.#as(token).call('PATCH', `/articles/${id}`, { text: 'Another text' });
    const request = "PATCH /articles/{ged's}";
    yield this.#outcome(request, 'alice', 403, await change((await this.callers.named('alice')).token!));
    yield this.#outcome(request, "a namesake of ged's", 403, await change(await this.#namesakeOf(page.accessToken)));
    yield this.#outcome(request, "ged's own token", 200, await change(page.accessToken));
  }

  async *refresh() {
    const page = await this.#signedIn();
    const [old, thief] = [page.accessToken, page.copy()];
    const request = 'POST /auth/refresh/';
    yield this.#outcome(request, 'ged', 200, await page.refresh());
    yield this.#outcome('GET /protected', 'ged, refreshed', 200, await page.call('GET', '/protected'));
    yield this.#outcome('GET /protected', 'ged, the token before', 200, await this.#as(old).call('GET', '/protected'));
    yield this.#outcome('POST /auth/csrf/', 'ged, reloaded', 200, await page.csrf());
    yield this.#outcome(request, 'ged, reloaded', 200, await page.refresh());
    yield this.#outcome(request, 'ged, replayed', 401, await thief.refresh());
    yield this.#outcome(request, 'ged, after the replay', 401, await page.refresh());
    const refused = await page.call('GET', '/protected');
    yield this.#outcome('GET /protected', 'ged, after the replay', 401, refused, revoked);
  }

  /** What is refused costs nobody their session. */
  async *refusedRefreshes() {
    const page = await this.#signedIn();
    const other = await this.#signedIn();
    const request = 'POST /auth/refresh/';
    yield this.#outcome(request, 'nobody', 401, await this.#page().refresh());
    yield this.#outcome('POST /auth/csrf/', 'nobody', 401, await this.#page().csrf());
    yield this.#outcome('POST /auth/csrf/', 'ged, cross-site', 403, await page.copy().csrf(crossSite));
    yield this.#outcome(request, 'ged, no CSRF token', 403, await page.refresh({ body: {} }));
    const foreign = (await (await other.csrf()).clone().json()) as object;
    yield this.#outcome(request, "ged, another session's CSRF token", 403, await page.refresh({ body: foreign }));
    yield this.#outcome(request, 'ged, cross-site', 403, await page.refresh(crossSite));
    yield this.#outcome(request, 'ged, as a form', 400, await page.refresh(asForm));
    yield this.#outcome(request, 'ged', 200, await page.refresh());
  }

  async *logOff() {
    const [page, phone] = [await this.#signedIn(), await this.#signedIn()];
    const request = 'POST /auth/logoff/';
    yield this.#outcome(request, 'nobody', 401, await this.#page().logOff());
    yield this.#outcome(request, 'ged, no CSRF token', 403, await page.logOff({}, { body: {} }));
    yield this.#outcome(request, 'ged, cross-site', 403, await page.logOff({}, crossSite));
    const [before, thief] = [await this.#signedIn(), page.copy()];
    yield this.#outcome(request, 'ged', 204, await page.logOff());
    yield this.#outcome('GET /protected', 'ged, logged off', 401, await page.call('GET', '/protected'), revoked);
    yield this.#outcome('POST /auth/refresh/', 'ged, logged off', 401, await page.refresh());
    yield this.#outcome('POST /auth/refresh/', 'ged, logged off, cookies kept', 401, await thief.refresh());
    yield this.#outcome('GET /protected', 'ged, elsewhere', 200, await phone.call('GET', '/protected'));
    yield this.#outcome(request, 'ged, everywhere', 204, await phone.logOff({ everywhere: true }));
    yield this.#outcome('GET /protected', 'ged, elsewhere', 401, await before.call('GET', '/protected'), revoked);
    yield this.#outcome('POST /auth/refresh/', 'ged, elsewhere', 401, await before.refresh());
  }

  async *exchange() {
    const request = 'POST /auth/social-exchange/';
    const page = this.#page();
    const good = await idTokenOf(this.issuer.url, 'bob', microserviceClient);
    yield this.#outcome(request, 'bob', 200, await page.exchange(good));
    yield this.#outcome('GET /books', 'bob, exchanged', 200, await page.call('GET', '/books'));
    yield this.#outcome('GET /role', 'bob, exchanged', 403, await page.call('GET', '/role'));
    yield this.#outcome(request, 'bob, no token', 400, await page.exchange(''));
    for (const [flaw, token] of await foreignIdTokens(this.issuer, good))
      yield this.#outcome(request, `bob, ${flaw}`, 401, await page.exchange(token));
  }

  async *login() {
    const [page, other] = [this.#page(), new Browser()];
    const request = `GET /auth/callback/${providerName}`;
    const elsewhere = await page.logIn(providerName, 'alice', other);
    yield this.#outcome(request, "alice, in somebody else's browser", 401, elsewhere);
    yield this.#outcome(request, 'alice', 303, await page.logIn(providerName, 'alice'));
    yield this.#outcome('POST /auth/csrf/', 'alice, come back', 200, await page.csrf());
    yield this.#outcome('POST /auth/refresh/', 'alice, come back', 200, await page.refresh());
    yield this.#outcome('GET /protected', 'alice, come back', 200, await page.call('GET', '/protected'));
  }

  #page(): SessionPage {
    return new SessionPage(this.url);
  }

  async #signedIn(): Promise<SessionPage> {
    const page = this.#page();
    await page.signIn(ged.name, ged.password);
    return page;
  }

  #as(accessToken: string) {
    return new SessionPage(this.url, new Browser(), accessToken);
  }

  /** Somebody at the authorization server who happens to have the same `sub`. */
  async #namesakeOf(token: string): Promise<string> {
    const claims = decodeJwt((await this.callers.named('alice')).token!);
    return sign({ ...claims, sub: decodeJwt(token).sub! }, this.issuer.signingKey);
  }

  #outcome(request: string, name: string, status: number, response: Response, challenge?: string): Outcome {
    const expected = {
      status,
      challenge: this.#challengeTo(request, status, challenge),
      saysWhenAgain: status === 429,
    };
    const got = answerIn(response);
    return { request, caller: { name, scopes: [] }, expected, got, passed: isDeepStrictEqual(got, expected) };
  }

  #challengeTo(request: string, status: number, error?: string): string | null {
    if (status !== 401 && error === undefined) return null;
    if (status === 401 && !request.includes('/auth/')) return bearerAndProof({ Bearer: error }, this.url);
    const metadata = `resource_metadata="${this.url}/.well-known/oauth-protected-resource"`;
    return [bearer, error, metadata].filter(Boolean).join(', ');
  }
}

const bearer = 'Bearer realm="api"';
const revoked = 'error="invalid_token", error_description="The access token was revoked"';

function insufficientScope(scope: string): string {
  return `error="insufficient_scope", error_description="The access token does not have the scope that this request needs", scope="${scope}"`;
}

const crossSite = { headers: { origin: 'https://evil.example' } };
const asForm = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'username=ged' };

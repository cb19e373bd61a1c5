/** Signing in: authorization code with PKCE (RFC 6749 §4.1, RFC 7636) and an ID token (OpenID Connect Core §3.1), in a window of its own. */

/**
 * @typedef {{ issuer: string, clientId: string, scopes: string[], resource: string }} Client
 * @typedef {{ accessToken: string, sub: string }} SignedIn
 * @typedef {{ authorization_endpoint: string, token_endpoint: string }} Endpoints
 */

const redirectUri = new URL('signed-in.html', location.href).href;

/**
 * @param {Client} client
 * @param {string} person that the authorization server shall expect; it asks all the same
 * @param {AbortSignal} signal
 * @returns {Promise<SignedIn>}
 */
export async function signIn(client, person, signal) {
  // At once: a browser opens a window only while it handles a click.
  const popup = window.open('about:blank', 'sign-in', 'popup,width=480,height=560');
  if (popup === null) throw new Error('The browser did not open the window to sign in: allow it, and try again.');
  try {
    return await signInWith(popup, client, person, signal);
  } finally {
    popup.close();
  }
}

/**
 * @param {Window} popup
 * @param {Client} client
 * @param {string} person
 * @param {AbortSignal} signal
 */
async function signInWith(popup, client, person, signal) {
  const endpoints = await discover(client.issuer);
  const secrets = { verifier: random(), state: random(), nonce: random() };
  popup.location.href = await authorizationUrl(endpoints, client, person, secrets);
  const code = codeFrom(await answerOf(popup, signal), client, secrets.state);
  return redeem(endpoints, client, code, secrets);
}

/**
 * @param {string} issuer
 * @returns {Promise<Endpoints>}
 */
async function discover(issuer) {
  const metadata = await json(await fetch(`${issuer}/.well-known/openid-configuration`));
  if (metadata.issuer !== issuer) throw new Error('The authorization server says that it is another one.');
  return metadata;
}

/**
 * @param {Endpoints} endpoints
 * @param {Client} client
 * @param {string} person
 * @param {{ verifier: string, state: string, nonce: string }} secrets
 */
async function authorizationUrl({ authorization_endpoint }, client, person, { verifier, state, nonce }) {
  const url = new URL(authorization_endpoint);
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope: client.scopes.join(' '),
    resource: client.resource,
    state,
    nonce,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: 'S256',
    prompt: 'login',
    login_hint: person,
  }).toString();
  return url.href;
}

/**
 * What the authorization server sent the window back with.
 *
 * @param {Window} popup
 * @param {AbortSignal} signal
 * @returns {Promise<URLSearchParams>}
 */
function answerOf(popup, signal) {
  const done = new AbortController();
  const until = { signal: done.signal };
  const answer = new Promise((resolve, reject) => {
    const receive = (/** @type {MessageEvent} */ { origin, source, data }) => {
      if (origin === location.origin && source === popup) resolve(new URLSearchParams(String(data)));
    };
    window.addEventListener('message', receive, until);
    signal.addEventListener('abort', () => reject(signal.reason), until);
    const watch = setInterval(() => {
      if (popup.closed) reject(new Error('The window was closed, and nobody signed in.'));
    }, 500);
    done.signal.addEventListener('abort', () => clearInterval(watch));
  });
  return answer.finally(() => done.abort());
}

/**
 * @param {URLSearchParams} answer
 * @param {Client} client
 * @param {string} state
 */
function codeFrom(answer, { issuer }, state) {
  if (answer.get('state') !== state) throw new Error('The answer belongs to another request: its state is wrong.');
  if (answer.get('iss') !== issuer) throw new Error('The answer is from another authorization server.'); // RFC 9207
  const [code, error] = [answer.get('code'), answer.get('error_description') ?? answer.get('error')];
  if (code === null) throw new Error(`The authorization server refused: ${error ?? 'it does not say why'}.`);
  return code;
}

/**
 * @param {Endpoints} endpoints
 * @param {Client} client
 * @param {string} code
 * @param {{ verifier: string, nonce: string }} secrets
 * @returns {Promise<SignedIn>}
 */
async function redeem({ token_endpoint }, client, code, { verifier, nonce }) {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  });
  const { access_token, id_token } = await json(await fetch(token_endpoint, { method: 'POST', body }));
  return { accessToken: access_token, sub: subjectOf(claimsOf(id_token), client, nonce) };
}

/**
 * It came from the token endpoint itself, which stands for its signature (OpenID Connect Core §3.1.3.7, 6).
 *
 * @param {Record<string, unknown>} idToken
 * @param {Client} client
 * @param {string} nonce
 */
function subjectOf({ iss, aud, exp, sub, nonce: received }, { issuer, clientId }, nonce) {
  if (received !== nonce) throw new Error('The ID token belongs to another request: its nonce is wrong.');
  if (iss !== issuer || aud !== clientId) throw new Error('The ID token is for somebody else.');
  if (typeof exp !== 'number' || exp * 1000 < Date.now()) throw new Error('The ID token expired.');
  return String(sub);
}

/**
 * @param {string} token a JWT; only its issuer's word is taken for what it says, so this is for showing and comparing
 * @returns {Record<string, unknown>}
 */
export function claimsOf(token) {
  const payload = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, character => character.charCodeAt(0))));
}

/** @param {Response} response */
async function json(response) {
  const body = await response.json();
  if (response.ok) return body;
  throw new Error(`The authorization server answered ${response.status}: ${body.error_description ?? body.error}.`);
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

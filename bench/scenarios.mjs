/** What every contestant gets: good tokens, and tokens that it must refuse. */
import { algorithms, audience, claimsOf, mint, mintMany } from './tokens.mjs';

const goodKinds = { repeated: 'one token, repeated', distinct: 'all tokens distinct' };

const good = algorithms.flatMap(alg =>
  Object.entries(goodKinds).map(([kind, title]) => ({ title: `${alg}, ${title}`, pool: alg, kind, status: 200 })),
);

/** By title: the claims that are wrong. Signed by the issuer's own key: fetching another key is another matter. */
const badClaims = {
  expired: () => ({ exp: Math.floor(Date.now() / 1000) - 60 }),
  'foreign issuer': () => ({ iss: 'https://issuer.example.net' }),
  'wrong audience': () => ({ aud: `${audience}/other` }),
};

// Nobody keeps what was refused: a thousand tokens, in turn, are as good as new ones.
const refusedTokens = 1000;

const refused = [...Object.keys(badClaims), 'malformed'].map(what => ({
  title: `refused: ${what}`,
  pool: what,
  kind: 'distinct',
  status: 401,
}));

export const scenarios = [...good, ...refused];

/** The tokens of these scenarios, by pool; `amount` of them where each is sent once. */
export async function poolsFor(wanted, keys, issuer, amount) {
  const pools = {};
  for (const name of new Set(wanted.map(({ pool }) => pool))) pools[name] = await makePool(name, keys, issuer, amount);
  return pools;
}

function makePool(name, keys, issuer, amount) {
  const key = keys.find(({ alg }) => alg === name);
  if (key !== undefined) return mintMany(key, issuer, amount);
  const others = Array.from({ length: refusedTokens }, (_, index) =>
    name === 'malformed' ? malformed(keys[0], issuer, index) : mint(keys[0], claimsOf(issuer, badClaims[name]())),
  );
  return Promise.all(others);
}

/** Text that is no token, two parts, four parts, a part that is no base64url, a header that is no JSON, a cut payload. */
async function malformed(key, issuer, index) {
  const token = await mint(key, claimsOf(issuer));
  const [header, claims, signature] = token.split('.');
  const ways = [
    header,
    `${header}.${claims}`,
    `${token}.${signature}`,
    `${header}.+${claims}.${signature}`,
    `${header.slice(3)}.${claims}.${signature}`,
    `${header}.${claims.slice(0, -9)}.${signature}`,
  ];
  return ways[index % ways.length];
}

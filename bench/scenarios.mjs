/** What is asked of every contestant. */
import { algorithms } from './tokens.mjs';

const kinds = { repeated: 'one token, repeated', distinct: 'all tokens distinct' };

export const scenarios = algorithms.flatMap(alg =>
  Object.entries(kinds).map(([kind, title]) => ({ alg, kind, title: `${alg}, ${title}` })),
);

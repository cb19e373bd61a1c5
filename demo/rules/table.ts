/** What the API promises, as a caller sees it. */

/** The scopes that a route asks for: any of one list, all of another. */
export interface ScopeRule {
  readonly any?: readonly string[];
  readonly all?: readonly string[];
}

/** Statuses for the four callers. */
export type Statuses = readonly [anonymous: number, bob: number, alice: number, machine: number];

/** `{bob's}` in a path is the id of something that bob has just made. */
export type Rule = readonly [request: string, statuses: Statuses, details?: RuleDetails];

export interface RuleDetails extends ScopeRule {
  readonly body?: object;
  /** Requests a minute that each caller has, whatever the others do; one more is 429. */
  readonly limit?: number;
  /** Whether the token must be bound to a key. */
  readonly isBound?: boolean;
}

const book = { title: 'The Dispossessed', author: 'Ursula K. Le Guin' };
// Who wrote it is for the token to say: what a body claims must not count.
const article = { title: 'On walls', text: 'There was a wall.', authorSub: 'nobody' };

const note = { text: 'Only I see this.' };

export const examples: Record<string, object> = { books: book, articles: article, notes: note };

export const rules: readonly Rule[] = [
  ['GET /public', [200, 200, 200, 200]],
  ['GET /protected', [401, 200, 200, 200]],

  ['GET /profile', [401, 200, 200, 403], { any: ['openid', 'profile'] }],
  ['GET /reports/finances', [401, 403, 200, 403], { all: ['report:read', 'report:finance'] }],
  ['GET /reports/digest', [401, 200, 200, 403], { any: ['report:read', 'report:finance'], all: ['openid', 'profile'] }],

  ['GET /role', [401, 403, 200, 403]],
  ['POST /role', [401, 403, 201, 403]],
  ['PATCH /role', [401, 403, 200, 403]],
  ['DELETE /role', [401, 403, 204, 403]],

  ['GET /sample', [401, 200, 200, 403]],
  ['HEAD /sample', [401, 200, 200, 403]],
  ['POST /sample', [401, 403, 201, 201]],
  ['PATCH /sample', [401, 403, 200, 403]],
  ['DELETE /sample', [401, 403, 204, 403]],

  ['GET /exports', [401, 200, 200, 200], { limit: 3 }],

  // Bearer tokens, all of them; `check-proofs.ts` shows keys.
  ['GET /vault', [401, 401, 401, 401], { isBound: true }],

  ['GET /news', [200, 200, 200, 200]],
  ['POST /news', [401, 403, 201, 403], { any: ['profile'] }],
  ['DELETE /news', [401, 403, 204, 403]],

  ['GET /shelves', [401, 200, 200, 403], { all: ['shelf:read'] }],
  ['HEAD /shelves', [401, 200, 200, 403], { all: ['shelf:read'] }],
  ['POST /shelves', [401, 403, 201, 403], { all: ['shelf:write'] }],

  ['GET /books', [401, 200, 200, 200], { any: ['book:read'] }],
  ['HEAD /books', [401, 200, 200, 200], { any: ['book:read'] }],
  ["GET /books/{alice's}", [401, 200, 200, 200], { any: ['book:read'] }],
  ['GET /books/0', [401, 404, 404, 404], { any: ['book:read'] }],
  ['POST /books', [401, 403, 201, 201], { any: ['book:create'], body: book }],
  ['POST /books', [401, 403, 400, 400], { any: ['book:create'], body: { title: '' } }],
  ["PUT /books/{alice's}", [401, 403, 200, 403], { any: ['book:update'], body: book }],
  ["PUT /books/{alice's}", [401, 403, 400, 403], { any: ['book:update'], body: { title: 'No author' } }],
  ["PATCH /books/{alice's}", [401, 403, 200, 403], { any: ['book:update'], body: { title: 'Another title' } }],
  ["DELETE /books/{alice's}", [401, 403, 204, 403], { any: ['book:delete'] }],
  ["POST /books/{alice's}/publish", [401, 403, 200, 403], { any: ['book:publish'] }],

  ['GET /articles', [401, 200, 200, 200]],
  ['POST /articles', [401, 201, 201, 201], { body: article }],
  ["GET /articles/{bob's}", [401, 200, 200, 200]],
  ["HEAD /articles/{bob's}", [401, 200, 200, 200]],
  ["PUT /articles/{alice's}", [401, 403, 200, 403], { body: article }],
  ["PUT /articles/{bob's}", [401, 200, 403, 403], { body: article }],
  ["PATCH /articles/{alice's}", [401, 403, 200, 403], { body: { text: 'Another text' } }],
  ["PATCH /articles/{bob's}", [401, 200, 403, 403], { body: { text: 'Another text' } }],
  ["DELETE /articles/{alice's}", [401, 403, 204, 403]],
  ["DELETE /articles/{bob's}", [401, 204, 403, 403]],
  ['DELETE /articles/0', [401, 404, 404, 404]],

  ['GET /notes', [401, 200, 200, 200]],
  ['HEAD /notes', [401, 200, 200, 200]],
  ['GET /notes/search', [401, 200, 200, 200]],
  ['GET /notes/export', [401, 200, 200, 200]],
  ['POST /notes', [401, 201, 201, 201], { body: note }],
  ["GET /notes/{alice's}", [401, 403, 200, 403]],
  ["GET /notes/{bob's}", [401, 200, 403, 403]],
  ["DELETE /notes/{alice's}", [401, 403, 204, 403]],
  ["DELETE /notes/{bob's}", [401, 204, 403, 403]],
];

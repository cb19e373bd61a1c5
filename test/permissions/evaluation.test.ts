import { expect } from 'chai';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { Get, JsonController } from 'routing-controllers';
import { and, not, or, type ApiView, type PermissionRule } from 'axioms-routing-controllers';
import { Api } from '../api';
import { leaf } from './leaf';

/** What a tree is made of, as the naive evaluator sees it. */
type Node =
  | { readonly operator: 'and' | 'or' | 'not'; readonly of: readonly Node[] }
  | { readonly view?: boolean; readonly object?: boolean; readonly needsAuthentication: boolean };

/** Numbers that look random and are the same in each run (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function randomNode(random: (below: number) => number, depth: number): Node {
  const operator = depth === 0 ? undefined : (['and', 'or', 'not', undefined] as const)[random(4)];
  if (operator === undefined) {
    const rule = (): boolean | undefined => [true, false, undefined][random(3)];
    const object = rule();
    // A class without rules is a mistake.
    const view = rule() ?? (object === undefined ? random(2) === 0 : undefined);
    return {
      ...(view === undefined ? {} : { view }),
      ...(object === undefined ? {} : { object }),
      needsAuthentication: random(4) === 0,
    };
  }
  const count = operator === 'not' ? 1 : 1 + random(3);
  return { operator, of: Array.from({ length: count }, () => randomNode(random, depth - 1)) };
}

function ruleOf(node: Node): PermissionRule {
  if (!('operator' in node)) return leaf(node);
  const operands = node.of.map(ruleOf);
  return node.operator === 'not' ? not(operands[0]!) : { and, or }[node.operator](...operands);
}

/** The whole tree, for one object, by the words of the contract. */
function isTrue(node: Node, isSomebody: boolean, isNegated = false): boolean {
  if ('operator' in node) {
    if (node.operator === 'not') return isTrue(node.of[0]!, isSomebody, !isNegated);
    const values = node.of.map(operand => isTrue(operand, isSomebody, isNegated));
    return (node.operator === 'and') === isNegated ? values.includes(true) : !values.includes(false);
  }
  if (node.needsAuthentication && !isSomebody) return false;
  const defined = [node.view, node.object].filter(rule => rule !== undefined);
  return defined.every(rule => rule) !== isNegated;
}

function leavesOf(node: Node): readonly Node[] {
  return 'operator' in node ? node.of.flatMap(leavesOf) : [node];
}

function withObjectRules(node: Node, answers: boolean[]): Node {
  if ('operator' in node) return { ...node, of: node.of.map(operand => withObjectRules(operand, answers)) };
  return node.object === undefined ? node : { ...node, object: answers.pop() === true };
}

/** What the tree says of every object that there could be. */
function answersOfAllObjects(node: Node, isSomebody: boolean): ReadonlySet<boolean> {
  const count = leavesOf(node).filter(one => 'object' in one).length;
  const answers = Array.from({ length: 2 ** count }, (_, bits) =>
    isTrue(
      withObjectRules(
        node,
        Array.from({ length: count }, (_rule, index) => ((bits >> index) & 1) === 1),
      ),
      isSomebody,
    ),
  );
  return new Set(answers);
}

function expected(node: Node, isSomebody: boolean): readonly number[] {
  const refused = isSomebody ? 403 : 401;
  const all = answersOfAllObjects(node, isSomebody);
  const certain = all.has(true) ? 200 : refused;
  const loaded = isTrue(node, isSomebody) ? 200 : refused;
  // Neither a list whose filter nobody used, nor an object that nobody loaded.
  const undecided = all.has(true) && all.has(false) ? 500 : certain;
  return [undecided, loaded, undecided];
}

const random = generator(20_260_101);
const nodes = Array.from({ length: 400 }, () => randomNode(random, 1 + random(3)));
const rules = nodes.map(ruleOf);

class Trees {
  declare request: ApiView['request'];

  get permissionClasses() {
    return [rules[Number(this.request.query.tree)]];
  }
}

@JsonController('/loaded')
class LoadedController extends Trees {
  getObject() {
    return {};
  }
  @Get('/') list() {
    return {};
  }
  @Get('/:id') retrieve() {
    return {};
  }
}

@JsonController('/unloaded')
class UnloadedController extends Trees {
  @Get('/:id') retrieve() {
    return {};
  }
}

describe('random trees of permissions', () => {
  let api: Api;
  let server: Server;
  let origin = '';
  before(async () => {
    api = await Api.start({ controllers: [LoadedController, UnloadedController] });
    server = api.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await api.close();
  });

  const statusesOf = (tree: number, headers: Record<string, string>) =>
    Promise.all(
      ['/loaded', '/loaded/1', '/unloaded/1'].map(async path => {
        const response = await fetch(`${origin}${path}?tree=${tree}`, { headers });
        await response.arrayBuffer();
        return response.status;
      }),
    );

  for (const isSomebody of [true, false]) {
    it(`are decided as a naive evaluator decides them, for ${isSomebody ? 'somebody' : 'nobody'}`, async () => {
      const headers: Record<string, string> = isSomebody ? { Authorization: `Bearer ${api.issuer.token()}` } : {};
      const seen = new Set<number>();
      for (const [index, node] of nodes.entries()) {
        const statuses = await statusesOf(index, headers);
        expect(statuses, JSON.stringify(node)).to.deep.equal(expected(node, isSomebody));
        for (const status of statuses) seen.add(status);
      }
      expect([...seen].sort()).to.deep.equal([200, isSomebody ? 403 : 401, 500]);
    });
  }
});

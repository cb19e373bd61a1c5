/**
 * Compares the refusals of two routes with the same rules. One is prepared at startup, because only grants decide it; the
 * other has a subclass of the same permission class, which is evaluated in full.
 */
import 'reflect-metadata';
import { expect } from 'chai';
import fc from 'fast-check';
import { Get, JsonController } from 'routing-controllers';
import { HasAccessTokenPermissions, HasAccessTokenRoles, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { Api } from '../api';

const families = { Scopes: HasAccessTokenScopes, Roles: HasAccessTokenRoles, Permissions: HasAccessTokenPermissions };
type Family = keyof typeof families;

/** Of the same name, so that explanations are the same. */
function subclassOf(family: Family): (typeof families)[Family] {
  class Subclass extends (families[family] as typeof HasAccessTokenScopes) {}
  return Object.defineProperty(Subclass, 'name', { value: families[family].name });
}

let handled = 0;

const members = Object.keys(families).flatMap(family => ['', 'Any', 'All'].map(kind => `accessToken${kind}${family}`));

function controller(
  path: string,
  listed: readonly (typeof families)[Family][],
  lists: Readonly<Record<string, readonly string[]>>,
): new () => object {
  class Books {
    permissionClasses = listed;
    list(): object {
      handled += 1;
      return {};
    }
  }
  const get = (member: string) => () => lists[member];
  for (const member of Object.keys(lists)) Object.defineProperty(Books.prototype, member, { get: get(member) });
  (Get('/') as (target: object, name: string) => void)(Books.prototype, 'list');
  JsonController(path)(Books);
  return Books;
}

const names = ['a', 'b', 'c'];
const lists = fc.dictionary(fc.constantFrom(...members), fc.subarray(names, { minLength: 1 }), {
  minKeys: 1,
  maxKeys: 4,
});
const granted = fc.record({
  scope: fc.subarray(names).map(list => list.join(' ')),
  roles: fc.subarray(names),
  permissions: fc.subarray(names),
});
const both = fc.tuple(lists, fc.array(granted, { minLength: 8, maxLength: 8 }));

describe('a refusal that was prepared at startup', function () {
  // A long run sets no limit.
  if (process.env.ANSWERS_RUNS === undefined) this.timeout(120_000);
  const logged: unknown[] = [];
  const log = (_text: string, data?: object): void => void logged.push(data);
  const logger = { debug: log, info: () => undefined, warn: () => undefined, error: log };

  async function refusalsOf(api: Api, path: string, claims: object): Promise<unknown> {
    logged.length = handled = 0;
    // The first request finds out how the classes are made.
    for (let time = 0; time < 2; time++) await api.as({ ...claims }, 'get', path);
    const { status, headers, text } = await api.as(claims, 'get', path);
    return {
      status,
      fields: { ...(headers as Record<string, string>), date: '' },
      text,
      logged: [...logged],
      handled,
    };
  }

  it('is the refusal of full evaluation: status, challenge, body, explanation and log', () =>
    fc.assert(
      fc.asyncProperty(both, async ([rules, callers]) => {
        const asked = (Object.keys(families) as Family[]).filter(family =>
          members.some(one => one.endsWith(family) && one in rules),
        );
        const whole = controller('/books', asked.map(subclassOf), rules);
        const prepared = controller(
          '/books',
          asked.map(family => families[family]),
          rules,
        );
        const axioms = { explain: true, logger, resourceUrl: 'https://api.example.com/' };
        const apis = await Promise.all([whole, prepared].map(one => Api.start({ controllers: [one], axioms })));
        try {
          for (const claims of callers) {
            const [full, fast] = [
              await refusalsOf(apis[0] as Api, '/books', claims),
              await refusalsOf(apis[1] as Api, '/books', claims),
            ];
            expect(fast).to.deep.equal(full);
          }
        } finally {
          await Promise.all(apis.map(api => api.close()));
        }
      }),
      { seed: Number(process.env.PROPERTY_SEED ?? 20260204), numRuns: Number(process.env.DENIALS_RUNS ?? 12) },
    ));
});

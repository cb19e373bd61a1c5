import { expect } from 'chai';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Body, Delete, Get, JsonController, Post } from 'routing-controllers';
import { Service } from 'typedi';
import {
  BasePermission,
  CurrentObject,
  HasAccessTokenScopes,
  IsSubOwner,
  type ApiView,
} from 'axioms-routing-controllers';
import { Api } from '../api';

/** Lets other requests go on. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

@Service()
class Ledger {
  readonly entries: string[] = [];
}

const mistakes: string[] = [];
const controllers = new Set<object>();

/** Notes when this is not the request that it was. */
function expectSame(place: string, before: string, view: ApiView): void {
  if (before !== who(view)) mistakes.push(`${place}: ${before} became ${who(view)}`);
}

function who({ request, action }: Pick<ApiView, 'request' | 'action'>): string {
  return [request.get('X-Number'), request.user?.sub, request.params.id, action].join(' ');
}

class IsConsistent extends BasePermission {
  #asked = 0;

  override async hasPermission(request: ApiView['request'], controller: ApiView): Promise<boolean> {
    this.#asked += 1;
    const before = who(controller);
    await turn();
    expectSame('hasPermission', before, controller);
    return this.#asked === 1 && controller.request === request;
  }

  override async hasObjectPermission(_request: ApiView['request'], controller: ApiView, object: unknown) {
    const before = who(controller);
    await turn();
    expectSame('hasObjectPermission', before, controller);
    return (object as { readonly user: string }).user === controller.request.user?.sub;
  }
}

@JsonController('/entries')
class EntryController {
  permissionClasses = [HasAccessTokenScopes, IsConsistent, IsSubOwner];
  #steps: string[] = [];
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  declare action: string;
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];
  declare authorizedFilter: ApiView['authorizedFilter'];

  constructor(private readonly ledger: Ledger) {}

  get accessTokenScopes(): Promise<string[]> {
    return this.scopesOfAction();
  }

  private async scopesOfAction(): Promise<string[]> {
    const before = who(this);
    await turn();
    await turn();
    expectSame('accessTokenScopes', before, this);
    return [`entry:${this.action}`];
  }

  async getObject() {
    const before = who(this);
    await turn();
    expectSame('getObject', before, this);
    this.#steps.push('getObject');
    return { user: this.request.params.id };
  }

  private readonly note = async (what: string): Promise<string> => {
    const before = who(this);
    await turn();
    await turn();
    expectSame(what, before, this);
    controllers.add(this);
    this.ledger.entries.push(before);
    this.#steps.push(what);
    return [before, ...this.#steps].join(' ');
  };

  @Get('/:id') async retrieve(@CurrentObject() object: { readonly user: string }) {
    return { seen: await this.note('retrieve'), owner: object.user };
  }

  @Delete('/:id') async destroy() {
    return { seen: await this.note('destroy'), owner: this.request.params.id };
  }

  @Post('/:id') async create(@Body({ validate: false }) body: { readonly owner: string }) {
    const seen = await this.note('create');
    await this.checkObjectPermissions({ user: body.owner });
    return { seen, owner: body.owner };
  }
}

describe('500 interleaved requests', () => {
  let api: Api;
  let server: Server;
  before(async () => {
    api = await Api.start({ controllers: [EntryController] });
    server = api.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await api.close();
  });

  it("never see another's request, user or action; private fields work, and singletons are shared", async () => {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const actions = [
      { method: 'GET', action: 'retrieve' },
      { method: 'DELETE', action: 'destroy' },
      { method: 'POST', action: 'create' },
    ];
    const ask = async (number: number) => {
      const { method, action } = actions[number % 3]!;
      const sub = `user${number % 11}`;
      const isStranger = number % 5 === 0;
      const lacksScope = number % 7 === 0;
      const id = isStranger ? 'stranger' : sub;
      const token = api.issuer.token({ sub, scope: lacksScope ? 'entry:other' : `entry:${action}` });
      const response = await fetch(`${origin}/entries/${id}`, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          'X-Number': String(number),
          'Content-Type': 'application/json',
        },
        ...(method === 'POST' ? { body: JSON.stringify({ owner: id }) } : {}),
      });
      const body: unknown = await response.json();
      const status = lacksScope || isStranger ? 403 : 200;
      expect(response.status, `request ${number}`).to.equal(status);
      if (status === 200)
        expect(body).to.deep.equal({ seen: `${number} ${sub} ${id} ${action} getObject ${action}`, owner: id });
      else expect(body).to.include({ error: lacksScope ? 'insufficient_scope' : 'permission_denied' });
      return status;
    };
    const statuses = await Promise.all(Array.from({ length: 500 }, (_, number) => ask(number)));
    expect(mistakes).to.deep.equal([]);
    const answered = statuses.filter(status => status === 200).length;
    expect(controllers.size).to.equal(answered).and.above(300);
    const ledgers = new Set([...controllers].map(one => (one as { readonly ledger?: unknown }).ledger));
    expect(ledgers.size).to.equal(1);
    const { entries } = [...ledgers][0] as Ledger;
    expect(new Set(entries).size).to.equal(answered);
    // The requests did overlap: they were not handled in the order in which they came.
    expect(entries.map(entry => Number(entry.split(' ')[0]))).not.to.deep.equal(
      entries.map(entry => Number(entry.split(' ')[0])).sort((one, other) => one - other),
    );
  });
});

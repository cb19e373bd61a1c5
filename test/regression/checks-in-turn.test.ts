import { expect } from 'chai';
import { Get, JsonController, QueryParam, UseInterceptor } from 'routing-controllers';
import { ApiController, IsSubOwner } from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectExactRefusal, permissionDenied } from '../refusals';

const notes = { mine: { user: 'alice' }, theirs: { user: 'bob' } };

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];

  @Get('/at-once/:id') atOnce() {
    return this.forget(['mine', 'theirs', 'mine']);
  }
  @Get('/parameter/:id') parameter(@QueryParam('page') _page?: number) {
    return this.forget(['mine', 'theirs', 'mine']);
  }
  @Get('/intercepted/:id')
  @UseInterceptor((_action: unknown, content: unknown) => content)
  intercepted() {
    return this.forget(['mine', 'theirs']);
  }
  @Get('/async/:id') async later() {
    await Promise.resolve();
    return this.forget(['mine', 'mine', 'mine', 'theirs']);
  }
  @Get('/mine/:id') own(@QueryParam('page') _page?: number) {
    return this.forget(['mine', 'mine']);
  }

  private forget(names: readonly (keyof typeof notes)[]): object {
    void (async () => {
      for (const name of names) await this.checkObjectPermissions(notes[name]);
    })();
    return { secret: true };
  }
}

describe('checks that a handler starts one after the other and does not wait for, with a rule that decides at once', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NoteController] });
  });
  after(() => api.close());

  for (const handler of ['at-once', 'parameter', 'intercepted', 'async'])
    it(`hold the answer back until the last one: ${handler}`, async () => {
      expectExactRefusal(await api.as({ sub: 'alice' }, 'get', `/notes/${handler}/1`), permissionDenied);
    });

  it('let the answer pass where all of them do', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/notes/mine/1')).body).to.deep.equal({ secret: true });
  });
});

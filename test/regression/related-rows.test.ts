/**
 * A comment of bob's below alice's note made alice's own note a 500, because the rows of a returned object were taken for
 * objects of the rule, although the rule had been asked about the object itself.
 */
import { expect } from 'chai';
import { Get, JsonController, Param } from 'routing-controllers';
import { ApiController, IsSubOwner } from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';
import { Api } from '../api';

const notes = [
  { id: 1, user: 'alice', comments: [{ id: 9, user: 'bob', text: 'nice' }] },
  { id: 2, user: 'bob', comments: [] },
];

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];

  @Get('/:id') async one(@Param('id') id: number) {
    const [note] = matching(await this.authorizedFilter(), notes).filter(one => one.id === id);
    if (note === undefined) return undefined;
    await this.checkObjectPermissions(note);
    return note;
  }
  @Get('/:id/unchecked') async unchecked() {
    return { comments: matching(await this.authorizedFilter(), notes).flatMap(({ comments }) => comments) };
  }
  @Get('/:id/list') async list() {
    matching(await this.authorizedFilter(), notes);
    // The rule allows it, because it has the caller as its owner.
    const list = Object.assign([...notes], { user: 'alice' });
    await this.checkObjectPermissions(list);
    return list;
  }
  @Get('/:id/beside') async beside(@Param('id') id: number) {
    const [note] = matching(await this.authorizedFilter(), notes).filter(one => one.id === id);
    if (note === undefined) return undefined;
    await this.checkObjectPermissions(note);
    return { note, others: notes };
  }
}

describe('regression: an object with rows of other users', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NoteController] });
  });
  after(() => api.close());

  it('is answered once the rule has been asked about it', async () => {
    const { status, body } = (await api.as({ sub: 'alice' }, 'get', '/notes/1')) as { status: number; body: unknown };
    expect([status, body]).to.deep.equal([200, notes[0]]);
  });

  it('is not answered to others', async () => {
    expect((await api.as({ sub: 'bob' }, 'get', '/notes/1')).status).to.equal(404);
  });

  for (const path of ['/notes/1/unchecked', '/notes/1/list', '/notes/1/beside'])
    it(`is an error where something else than the checked object is returned, or a list (${path})`, async () => {
      const { status, text } = await api.as({ sub: 'alice' }, 'get', path);
      expect(status).to.equal(500);
      expect(text).not.to.include('bob');
    });
});

/** A claim may be text that no database can hold. A permission class asks isFilterText() before it makes a filter of it. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { ApiController, BasePermission, IsAuthenticated, type AxiomsRequest } from 'axioms-routing-controllers';
import { filterOr, isFilterText, matching, whereEquals, whereIn } from 'axioms-routing-controllers/filters';
import { Api } from '../api';

// The example of docs/lists.md.
class IsOfTeamOrPublic extends BasePermission {
  override objectFilter({ user }: AxiomsRequest) {
    const teams: unknown = user?.claims?.teams;
    const isList = Array.isArray(teams) && teams.every(isFilterText);
    return filterOr(whereEquals('isPublic', true), whereIn('team.id', isList ? teams : []));
  }
}

const notes = [
  { id: 1, isPublic: true, team: { id: 'red' } },
  { id: 2, isPublic: false, team: { id: 'blue' } },
];

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsAuthenticated, IsOfTeamOrPublic];
  @Get('/') async list() {
    return matching(await this.authorizedFilter(), notes);
  }
}

const refused = ['x\0', '\0', '\ud800', 'x\udc00y', '\udc00\ud800'];

describe('regression: a claim that no database can hold', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NoteController] });
  });
  after(() => api.close());

  for (const [teams, ids] of [
    [['blue'], [1, 2]],
    ...[...refused, 5, null, {}].map(one => [['blue', one], [1]]),
    ['blue', [1]],
  ] as [unknown, number[]][])
    it(`is a team of nothing: ${JSON.stringify(teams)}`, async () => {
      const answered = await api.as({ sub: 'alice', teams }, 'get', '/notes');
      expect([answered.status, (answered.body as typeof notes).map(({ id }) => id)]).to.deep.equal([200, ids]);
    });

  it('is what the builders refuse, and nothing else', () => {
    for (const text of ['', 'x', '\u{1f600}', '\ufffd', ' ', '\u0001', ...refused]) {
      const make = (): unknown => whereEquals('team', text);
      if (isFilterText(text)) expect(make, JSON.stringify(text)).not.to.throw();
      else expect(make, JSON.stringify(text)).to.throw('Text has no NUL and no lone surrogate');
    }
    for (const value of [5, null, undefined, {}, ['x']]) expect(isFilterText(value)).to.equal(false);
  });
});

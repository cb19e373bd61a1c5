/** An example of docs/testing.md, which mocha runs as it is printed. */
// #region example
import { type AxiomsRequest, BasePermission } from 'axioms-routing-controllers';
import { noObjects, whereEquals } from 'axioms-routing-controllers/filters';
import { permissionContract } from 'axioms-routing-controllers/testing';

class IsEditorOfTeam extends BasePermission {
  override hasPermission({ user }: AxiomsRequest) {
    return user?.roles?.includes('editor') === true;
  }

  override objectFilter({ user }: AxiomsRequest) {
    const team: unknown = user?.claims?.team;
    return typeof team === 'string' ? whereEquals('team', team) : noObjects;
  }
}

const editor = { sub: 'alice', team: 'sales', roles: ['editor'] };
const cases = permissionContract({
  make: () => new IsEditorOfTeam(),
  allowed: [{ title: 'of an editor of the team', user: editor, object: { team: 'sales' } }],
  refused: [
    { title: 'of an editor of another team', user: editor, object: { team: 'law' } },
    { title: 'of a reader of the team', user: { ...editor, roles: [] }, object: { team: 'sales' } },
  ],
});
for (const { name, run } of cases) it(name, run);
// #endregion example

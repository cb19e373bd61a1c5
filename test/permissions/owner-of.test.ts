/** What the outputs say of a controller that decides itself which owner the caller is. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { ApiController, IsSubOwner, IsSubOwnerOrSafeOnly } from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { openings, readSnapshot, snapshotOf } from '../../src/cli/snapshot';
import { Api } from '../api';

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override getObject() {
    return { user: 'alice', iss: 'https://issuer.example.com' };
  }
  @Get('/:id') read() {
    return {};
  }
}

@JsonController('/notes')
class AliceController extends NoteController {
  override ownerOf() {
    return 'alice';
  }
}

@JsonController('/notes')
class AliceOfIssuerController extends AliceController {
  override permissionClasses = [IsSubOwnerOrSafeOnly];
  override ownerIssuerAttribute = 'iss';
  override safeMethods = ['HEAD'];
}

async function shownOf(controller: new () => object) {
  const api = await Api.start({ controllers: [controller] });
  const { status } = await api.as({ sub: 'eve' }, 'get', '/notes/1');
  const { paths } = await openApiDocument(api.app);
  const audits = api.server.audit();
  await api.close();
  return { status, audits, rule: audits[0]?.rule, description: paths['/notes/{id}']?.['get']?.description };
}

describe('a controller with ownerOf()', () => {
  it('regression: is not described as one whose owners are the subjects of tokens', async () => {
    const { status, rule, description } = await shownOf(AliceController);
    expect(status).to.equal(200);
    expect(rule).to.equal('the owner (user, by ownerOf())');
    expect(description).to.equal(
      "Who may: the owner of the object (its `user` is what the controller's `ownerOf()` returns for the caller).",
    );
  });

  it('is described with the issuer, too, and beside other rules', async () => {
    const { rule, description } = await shownOf(AliceOfIssuerController);
    expect(rule).to.equal('the owner (user, iss, by ownerOf())');
    expect(description).to.include('`ownerOf()` returns for the caller, and its `iss` the issuer of the token');
  });

  it('leaves the description of a controller without it as it was', async () => {
    const { status, rule, description } = await shownOf(NoteController);
    expect(status).to.equal(403);
    expect(rule).to.equal('the owner (user)');
    expect(description).to.equal('Who may: the owner of the object (its `user` is the subject of the token).');
  });

  it('regression: an ownerOf() that is added is not the same rule for a snapshot from before', async () => {
    const [before, after] = [await shownOf(NoteController), await shownOf(AliceController)];
    const [change] = openings(readSnapshot(snapshotOf(before.audits), 'routes.json'), after.audits);
    expect(change).to.include({
      route: 'GET /notes/:id',
      isOpening: true,
      before: 'the owner (user)',
      now: 'the owner (user, by ownerOf())',
    });
    expect(openings(readSnapshot(snapshotOf(after.audits), 'routes.json'), after.audits)).to.deep.equal([]);
  });
});

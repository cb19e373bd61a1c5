/** What the outputs say of lists under rules about objects. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { auditRoutes, createExpressServer, HasAccessTokenRoles, IsSubOwner, or } from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { TestIssuer } from '../issuer/test-issuer';
import { choice, IsEditor, options } from './apps/lists';
import { ran } from './terminal';

const app = join(__dirname, 'apps/lists.js');
const owner = { kind: 'owner', attribute: 'user' };
const roles = { kind: 'roles', match: 'any', values: ['admin'] };

describe('the outputs about a list under a rule about objects', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  beforeEach(() => {
    Object.assign(choice, { issuerUrl: issuer.url, rule: or(HasAccessTokenRoles, IsSubOwner), unfiltered: [] });
  });
  after(() => issuer.close());

  it('are the audit, with what is required of each object', () => {
    const [filtered] = auditRoutes(options());
    expect(filtered?.filter).to.deep.equal({ kind: 'or', of: [roles, owner] });
    expect(filtered?.rule).to.equal('authenticated; each object of the list: the role admin or the owner (user)');
    choice.unfiltered = ['list'];
    const [unfiltered] = auditRoutes(options());
    expect(unfiltered).not.to.have.property('filter');
    expect(unfiltered?.rule).to.equal('authenticated; without object rules by unfilteredActions');
    Object.assign(choice, { rule: HasAccessTokenRoles, unfiltered: [] });
    expect(auditRoutes(options())[0]?.rule).to.equal('the role admin');
  });

  it('are the OpenAPI document, as text and as data', async () => {
    const served = createExpressServer(options());
    const operation = (await openApiDocument(served)).paths['/notes']?.get;
    (served.locals.axioms as { close(): void }).close();
    expect(operation?.['x-authorized-filter']).to.deep.equal({ kind: 'or', of: [roles, owner] });
    expect(operation?.description).to.equal(
      'Who may: any authenticated caller.\n\nThe list has only objects that the caller may see: the role `admin`, or the owner of the object (its `user` is the subject of the token).',
    );
  });

  it('are what `axioms explain` says, without a value of the token', async () => {
    const explained = async (claims: object): Promise<string> => {
      const { out } = await ran(['explain', app, '--token', '-', 'GET', '/notes'], { input: issuer.token(claims) });
      return out.trimEnd().split('\n').at(-1) ?? '';
    };
    expect(await explained({ sub: 'alice-secret' })).to.equal('✓ allowed, and the list has: user = …');
    expect(await explained({ roles: ['admin'] })).to.equal('✓ allowed, and the list has: every object');
    choice.rule = IsEditor;
    expect(await explained({})).to.include(
      '✓ allowed, and the list has: an error: NoteController.list needs a filter of IsEditor',
    );
    choice.rule = HasAccessTokenRoles;
    expect(await explained({ roles: ['admin'] })).to.equal('✓ allowed');
  });

  it('are the snapshot, which fails once the list shows more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'axioms-'));
    const file = join(folder, 'routes.json');
    try {
      await ran(['routes', app, '--write', file]);
      expect(readFileSync(file, 'utf8')).to.include('"filter"');
      expect((await ran(['routes', app, '--check', file])).exitCode).to.equal(0);
      choice.unfiltered = ['list'];
      const opened = await ran(['routes', app, '--check', file]);
      expect([opened.exitCode, opened.out]).to.deep.include(1);
      expect(opened.out).to.include('GET /notes: lists objects that it did not list');
      await ran(['routes', app, '--check', file, '--update']);
      choice.unfiltered = [];
      expect((await ran(['routes', app, '--check', file])).exitCode, 'a list that shows less').to.equal(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

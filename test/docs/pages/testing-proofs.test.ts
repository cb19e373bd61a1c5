/** An example of docs/testing.md, which mocha runs as it is printed. */
// #region example
import request from 'supertest';
import { createExpressServer } from 'axioms-routing-controllers';
import { type ForgedProofName, forgedProofs, TestClient, TestIssuer } from 'axioms-routing-controllers/testing';
import { BookController } from './book-controller';

const externalUrl = 'https://api.example.com';
const issuer = new TestIssuer();
const axioms = { ...issuer.settings(), dpop: 'required', externalUrl } as const;
const app = issuer.attachTo(createExpressServer({ controllers: [BookController], axioms }));
const client = new TestClient(issuer, { externalUrl });

it('serves a client that proves its key, and no proof twice', async () => {
  const fields = client.fields('GET', '/books', client.token({ scope: 'book:read' }));
  await request(app).get('/books').set(fields).expect(200);
  await request(app).get('/books').set(fields).expect(401);
});

for (const [name, { title, status }] of Object.entries(forgedProofs))
  it(`refuses a proof ${title}`, async () => {
    const fields = client.forgedFields(name as ForgedProofName, 'GET', '/books', client.token());
    await request(app).get('/books').set(fields).expect(status);
  });
// #endregion example

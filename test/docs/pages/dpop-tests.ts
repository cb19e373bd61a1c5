/** The example of docs/dpop.md about tests. */
// #region example
import request from 'supertest';
import type { Express } from 'express';
import { TestClient, type TestIssuer } from 'axioms-routing-controllers/testing';

export async function readsBooks(app: Express, issuer: TestIssuer): Promise<void> {
  const client = new TestClient(issuer, { externalUrl: 'https://api.example.com' });
  const token = client.token({ scope: 'book:read' });
  await request(app)
    .get('/books')
    .set(client.fields('GET', '/books', token))
    .expect(200);
}
// #endregion example

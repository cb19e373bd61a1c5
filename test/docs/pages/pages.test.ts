/** Runs the examples of pages that are no tests themselves. */
import 'reflect-metadata';
import { expect } from 'chai';
import request from 'supertest';
import { TestIssuer } from 'axioms-routing-controllers/testing';
import { createApp as customErrors } from './custom-errors';

/** A response whose body is compared, and not used. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly text: string;
}

describe('the example of custom errors', () => {
  const issuer = new TestIssuer();
  const app = issuer.attachTo(customErrors(issuer.settings()));
  const order = (body: object) => request(app).post('/orders').auth(issuer.token(), { type: 'bearer' }).send(body);

  it('answers a refusal with its status, its code and its challenge', async () => {
    const { status, headers, body } = (await request(app).post('/orders').send({ title: 'Dune' })) as Answer;
    expect(status).to.equal(401);
    expect(headers['content-type']).to.match(/^application\/problem\+json/);
    expect(headers['www-authenticate']).to.match(/^Bearer/);
    expect(body).to.include({ status: 401, type: 'not_authenticated' });
  });

  it("answers routing-controllers' own errors with their status", async () => {
    const { status, body } = (await order({ title: 'Tea' })) as Answer;
    expect([status, body]).to.deep.equal([418, { status: 418, title: 'I am a teapot' }]);
  });

  it('answers a body that is not valid with the fields that are wrong, and without what was sent', async () => {
    const { status, body, text } = (await order({ title: 17_042 })) as Answer;
    expect(status).to.equal(400);
    expect(body).to.deep.include({
      errors: [{ property: 'title', constraints: { isString: 'title must be a string' } }],
    });
    expect(text).not.to.include('17042');
  });

  it('answers what it accepts', () => order({ title: 'Dune' }).expect(200, { title: 'Dune' }));
});

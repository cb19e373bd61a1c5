/** The event of a plain route names the path that the app has registered, and never the one that was asked for. */
import { expect } from 'chai';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import express, { type RequestHandler } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { requireAccessToken, type DecisionEvent } from 'axioms-routing-controllers';
import { Api } from '../api';
import { eventually } from '../issuer/fake-time';

@JsonController('/things')
class ThingController {
  @Get('/') list() {
    return [];
  }
}

const answer: RequestHandler = (_request, response) => {
  response.json({});
};

describe('the event of a plain route', () => {
  let api: Api;
  const routes: unknown[] = [];
  const listener = (event: unknown) => routes.push((event as DecisionEvent).route);

  before(async () => {
    api = await Api.start({ controllers: [ThingController] });
    const { app } = api;
    app.get('/exports/:id', requireAccessToken(), answer);
    app.all('/every', requireAccessToken(), answer);
    app.route('/both').get(requireAccessToken(), answer).put(requireAccessToken(), answer);
    app.get(/^\/pattern-\d+$/, requireAccessToken(), answer);
    app.use('/mounted', express.Router().get('/inner', requireAccessToken(), answer));
    app.use('/guarded', requireAccessToken(), (_request, response) => void response.json({}));
    subscribe('axioms:decision', listener);
  });
  after(async () => {
    unsubscribe('axioms:decision', listener);
    await api.close();
  });

  const cases: readonly (readonly [path: string, method: string, registered: string])[] = [
    ['/exports/secret', 'GET', '/exports/:id'],
    ['/every', 'ALL', '/every'],
    ['/both', 'ALL', '/both'],
    ['/pattern-12', 'GET', String(/^\/pattern-\d+$/)],
    ['/mounted/inner', 'GET', '/inner'],
    ['/guarded/anything', 'ALL', '*'],
  ];
  for (const [path, method, registered] of cases)
    for (const claims of [{ sub: 'bob' }, null])
      it(`of ${path} is ${method} ${registered}, ${claims === null ? 'refused' : 'allowed'}`, async () => {
        routes.splice(0);
        expect((await api.as(claims, 'get', path)).status).to.equal(claims === null ? 401 : 200);
        await eventually(() => routes.length > 0);
        expect(routes).to.deep.equal([{ place: 'PlainRoute.requireAccessToken', method, path: registered }]);
      });
});

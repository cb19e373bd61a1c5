/** A 400 for a parameter says which one and why, and nothing of what was sent. */
import { expect } from 'chai';
import { BodyParam, CookieParam, Get, HeaderParam, JsonController, Param, Post, QueryParam } from 'routing-controllers';
import { AllowAny } from 'axioms-routing-controllers';
import { Api } from '../api';

class Thing {
  name?: string;
}

@JsonController('/things')
class ThingController {
  permissionClasses = [AllowAny];
  @Get('/numbers/:id') number(@Param('id') id: number) {
    return { id };
  }
  @Get('/dates') date(@QueryParam('since', { required: true }) since: Date) {
    return { since };
  }
  @Get('/parsed') parsed(@QueryParam('filter') filter: Thing) {
    return { filter };
  }
  @Get('/header') header(@HeaderParam('X-Secret', { required: true }) secret: string) {
    return { secret };
  }
  @Get('/cookie') cookie(@CookieParam('session', { required: true }) session: string) {
    return { session };
  }
  @Post('/body') body(@BodyParam('name', { required: true }) name: string) {
    return { name };
  }
}

describe('a parameter that is missing or cannot be read', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [ThingController] });
  });
  after(() => api.close());

  const cases: readonly [method: 'get' | 'post', path: string, description: string, fields: object][] = [
    [
      'get',
      '/things/numbers/hunter2',
      'The parameter id cannot be parsed into number',
      { id: ['cannot be parsed into number'] },
    ],
    [
      'get',
      '/things/dates?since=hunter2',
      'The parameter since cannot be parsed into date',
      { since: ['cannot be parsed into date'] },
    ],
    [
      'get',
      '/things/parsed?filter={hunter2',
      'The parameter filter cannot be parsed into JSON',
      { filter: ['cannot be parsed into JSON'] },
    ],
    ['get', '/things/dates?key=hunter2', "Query parameter 'since' is required", { since: ['is required'] }],
    ['get', '/things/header?key=hunter2', "Header 'X-Secret' is required", { 'X-Secret': ['is required'] }],
    ['get', '/things/cookie?key=hunter2', 'Cookie is required', { '': ['is required'] }],
    ['post', '/things/body?key=hunter2', "Body parameter 'name' is required", { name: ['is required'] }],
  ];
  for (const [method, path, description, fields] of cases)
    it(`is reported without its value: ${method} ${path}`, async () => {
      const response = await api.as(null, method, path);
      expect([response.status, response.body]).to.deep.equal([
        400,
        { error: 'invalid_request', error_description: description, fields },
      ]);
      expect(response.headers['cache-control']).to.equal('no-store');
      expect(response.text).not.to.include('hunter2');
    });

  it('is not told where all is well', async () => {
    expect((await api.as(null, 'get', '/things/numbers/7')).body).to.deep.equal({ id: 7 });
  });
});

/** What the driver does in front of a handler: it looks at how the path is spelled, and reads parameters. */
import { expect } from 'chai';
import { BodyParam, Get, JsonController, Post, QueryParam } from 'routing-controllers';
import { AllowAny } from 'axioms-routing-controllers';
import { Api } from '../../api';
import { startError } from '../../start-error';

let handled = 0;

@JsonController('/driver')
class DriverController {
  permissionClasses = [AllowAny];
  @Get('/names/:name') name() {
    handled++;
    return {};
  }
  @Post('/member') member(@BodyParam('name') name: string | undefined) {
    return { name: name ?? 'nothing' };
  }
  @Get('/number') number(@QueryParam('value') value: number) {
    return { value };
  }
  @Get('/flag') flag(@QueryParam('value') value: boolean) {
    return { value };
  }
  @Get('/time') time(@QueryParam('value') value: Date) {
    return { value };
  }
  @Get('/list') list(@QueryParam('value', { isArray: true }) value: string[]) {
    return { value };
  }
}

describe('the driver', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [DriverController] });
  });
  after(() => api.close());

  it('refuses a path that encodes a letter, before the handler', async () => {
    const answers = [await api.as(null, 'get', '/driver/names/%61da'), await api.as(null, 'get', '/driver/names/ada')];
    expect(answers.map(({ status }) => status)).to.deep.equal([400, 200]);
    expect(handled).to.equal(1);
  });

  it('reads a member of a body that is not there', async () => {
    expect((await api.as(null, 'post', '/driver/member')).body).to.deep.equal({ name: 'nothing' });
  });

  for (const type of ['number', 'flag', 'time'])
    it(`says of nested brackets for a ${type} that they are no ${type}, and nothing of levels`, async () => {
      const answer = await api.as(null, 'get', `/driver/${type}?value=${'['.repeat(300)}`);
      expect(answer.status).to.equal(400);
      expect(answer.text).not.to.include('levels');
    });

  it('takes any brackets in a list of texts', async () => {
    const value = '['.repeat(300);
    expect((await api.as(null, 'get', `/driver/list?value=${value}`)).body).to.deep.equal({ value: [value] });
  });

  it('refuses a class path that nobody can spell above a regex', () => {
    @JsonController('/caf%c3%a9')
    class CoffeeController {
      @Get(/^\/(?!y)\w+$/) x() {
        return {};
      }
    }
    expect(startError(CoffeeController)).to.include('/caf%C3%A9');
  });
});

/** The requests of `expectIsolation`: what their bodies have, and what a throttle answers. */
import 'reflect-metadata';
import { expect } from 'chai';
import { IsArray, IsInt, IsString } from 'class-validator';
import { Body, BodyParam, ForbiddenError, Get, JsonController, Param, Post, Put } from 'routing-controllers';
import {
  ApiController,
  CurrentObject,
  createExpressServer,
  IsSubOwner,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';
import { UserRateThrottle } from 'axioms-routing-controllers/throttling';
import {
  expectIsolation,
  IsolationError,
  TestIssuer,
  type IsolationOptions,
  type IsolationReport,
} from 'axioms-routing-controllers/testing';

interface Order {
  readonly id: number;
  readonly user: string;
  text: string;
}

class NewOrder {
  @IsString() text!: string;
  @IsString() customerId!: string;
  @IsInt() shelf!: number;
  @IsArray() tags!: string[];
}

const orders: Order[] = [];
const shelves: unknown[] = [];
let isOpen = false;
let throttlesPosts = false;
let lastId = 0;

class OwnOrders extends IsSubOwner {
  override hasObjectPermission(...asked: Parameters<IsSubOwner['hasObjectPermission']>): boolean | Promise<boolean> {
    return isOpen || super.hasObjectPermission(...asked);
  }
  override objectFilter(...asked: Parameters<IsSubOwner['objectFilter']>) {
    return super.objectFilter(...asked);
  }
}

@JsonController('/orders')
class OrderController extends ApiController {
  override permissionClasses = [OwnOrders];
  override get throttleClasses() {
    return this.action === 'create' && !throttlesPosts ? [] : [UserRateThrottle];
  }
  override getObject() {
    return orders.find(({ id }) => id === Number(this.request.params.id));
  }
  #requireOwn(customerId: string) {
    if (customerId !== `customer-${this.request.user?.sub ?? ''}`) throw new ForbiddenError('not your customer');
  }

  @Get() async list() {
    return matching(await this.authorizedFilter(), orders);
  }
  @Get('/:id') one(@CurrentObject() order: Order) {
    return order;
  }
  @Post() create(@Body() { text, customerId, shelf, tags }: NewOrder) {
    this.#requireOwn(customerId);
    shelves.push([shelf, tags]);
    const order = { id: ++lastId, user: this.request.user?.sub ?? '', text };
    orders.push(order);
    return order;
  }
  @Put('/:id') update(
    @Param('id') _: number,
    @CurrentObject() order: Order,
    @BodyParam('text') text: string,
    @BodyParam('customerId') customerId: string,
  ) {
    this.#requireOwn(customerId);
    order.text = text;
    return { state: 'kept' };
  }
}

describe('the requests of expectIsolation', function () {
  this.timeout(60_000);
  const { NODE_ENV } = process.env;
  before(() => void (process.env.NODE_ENV = 'test'));
  after(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  });
  beforeEach(() => {
    orders.length = shelves.length = 0;
    isOpen = throttlesPosts = false;
  });

  const seed: IsolationOptions['seed'] = async ({ name, canary }, send) => {
    const customerId = `customer-${name}`;
    const created = await send('POST', '/orders', { text: canary, customerId, shelf: 7, tags: ['a'] });
    return { id: String(((await created.json()) as Order).id), customerId, shelf: '7', tags: 'a' };
  };

  async function reportOf(
    user: string | null,
    options: Partial<IsolationOptions> = { seed },
  ): Promise<IsolationReport> {
    const issuer = new TestIssuer();
    const axioms = { ...issuer.settings(), throttleRates: { user } };
    const app = issuer.attachTo(createExpressServer({ controllers: [OrderController], axioms }));
    const callers = { alice: issuer.token({ sub: 'alice' }), bob: issuer.token({ sub: 'bob' }) };
    try {
      return await expectIsolation(app, { callers, ...options });
    } catch (error) {
      if (error instanceof IsolationError) return error.report;
      throw error;
    } finally {
      (app.locals.axioms as AxiomsServer).close();
    }
  }

  it("have in their bodies what the seed returned by the member's name, in the type of the member", async () => {
    const report = await reportOf(null);
    expect(report.untested).to.deep.equal([]);
    expect(report.leaks).to.deep.equal([]);
    expect(shelves).to.deep.include([7, ['a']]);
  });

  it('cannot test a route whose body needs a value that the seed does not return', async () => {
    const withoutCustomer: IsolationOptions['seed'] = async (caller, send) => {
      const { id } = (await seed(caller, send)) as { id: string };
      return { id };
    };
    const { untested } = await reportOf(null, { seed: withoutCustomer });
    expect(untested.map(({ route }) => route)).to.deep.equal(['POST /orders', 'PUT /orders/:id']);
  });

  it("find a change of another caller's object by a body that needs a value of the sender", async () => {
    isOpen = true;
    const { leaks } = await reportOf(null);
    expect(leaks.map(({ route, kind }) => `${route} ${kind}`)).to.include('PUT /orders/:id changes');
  });

  it('that a throttle answers are no leaks: their routes are not tested, and the report says why', async () => {
    const { leaks, untested, exercised } = await reportOf('20/hour');
    expect(leaks).to.deep.equal([]);
    expect(exercised).to.deep.equal(['POST /orders']);
    expect(untested).to.have.length(3);
    for (const { reason } of untested)
      expect(reason).to.match(/^a throttle answered 429.*throttleRates: \{ user: null \}$/);
  });

  it('that a throttle answers are no leaks, wherever in the test it begins', async () => {
    for (const rate of [5, 6, 10, 12, 16, 18, 22, 30]) {
      const { leaks, untested } = await reportOf(`${rate}/hour`);
      expect(leaks, `${rate} requests`).to.deep.equal([]);
      expect(untested.map(({ reason }) => reason).join()).to.include('a throttle answered 429');
    }
  });

  it('ask for throttles to be off if no object can be created because of one', async () => {
    throttlesPosts = true;
    const error: unknown = await reportOf('5/hour').catch((thrown: unknown) => thrown);
    expect(error)
      .to.be.instanceOf(RangeError)
      .with.property('message')
      .that.matches(/\(429\): turn throttles off in this test\.$/);
  });
});

/** Classes that only a request names are checked as those that the start sees. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { Service } from 'typedi';
import { ApiController, BasePermission, IsAuthenticated, type PermissionRule } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';

class Calendar {}

const noted: ClassDecorator = () => undefined;

/** Nobody told the container of it. */
@noted
class NeedsCalendar extends BasePermission {
  constructor(readonly calendar: Calendar) {
    super();
  }
  override hasPermission() {
    return true;
  }
}

/** The class of its dependency is not there, as in an import cycle. */
@Service()
class NeedsNothingThatIsThere extends BasePermission {
  constructor(readonly calendar: Calendar) {
    super();
  }
  override hasPermission() {
    return true;
  }
}
Reflect.defineMetadata('design:paramtypes', [undefined], NeedsNothingThatIsThere);

@JsonController('/per-request')
class PerRequestController extends ApiController {
  override get permissionClasses(): readonly PermissionRule[] {
    const { rule } = this.request.query;
    if (rule === 'unknown') return [NeedsCalendar];
    return rule === 'cycle' ? [NeedsNothingThatIsThere] : [IsAuthenticated];
  }
  @Get('/') list() {
    return {};
  }
}

describe('regression: a permission class that only a request names', () => {
  for (const [rule, message] of [
    ['unknown', 'NeedsCalendar has constructor parameters, and the container does not know it'],
    ['cycle', 'Constructor parameter 0 of NeedsNothingThatIsThere has an undefined class'],
  ] as const)
    it(`is refused with the fix: ${rule}`, async () => {
      const logger = new RecordingLogger();
      const api = await Api.start({ controllers: [PerRequestController], axioms: { logger } });
      const answers = [
        await api.as({ sub: 'alice' }, 'get', '/per-request'),
        await api.as({ sub: 'alice' }, 'get', `/per-request?rule=${rule}`),
      ];
      await api.close();
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 500]);
      expect(logger.text('error')).to.include(message);
    });
});

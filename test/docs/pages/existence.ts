/** The example of docs/ownership.md about existence. */
// #region example
import { Delete, Get, JsonController } from 'routing-controllers';
import {
  ApiController,
  CurrentObject,
  createExpressServer,
  IsSubOwner,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';

const diaries = [
  { id: 1, user: 'alice' },
  { id: 2, user: 'bob' },
];

@JsonController('/diaries')
class DiaryController extends ApiController {
  override permissionClasses = [IsSubOwner];

  // With a database: findOneBy(toTypeOrm(await this.authorizedFilter(), this.diaries, { id }))
  override async getObject() {
    const own = matching(await this.authorizedFilter(), diaries);
    return own.find(({ id }) => id === Number(this.request.params.id));
  }

  @Get('/:id')
  retrieve(@CurrentObject() diary: object) {
    return diary;
  }

  @Delete('/:id')
  destroy(@CurrentObject() { id }: { id: number }) {
    return { removed: id };
  }
}

export function createApp(axioms?: SettingsInput) {
  return createExpressServer({ controllers: [DiaryController], axioms });
}
// #endregion example

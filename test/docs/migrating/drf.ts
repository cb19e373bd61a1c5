// #region after
import { IsString } from 'class-validator';
import { Body, Delete, Get, HttpCode, JsonController, OnUndefined, Post } from 'routing-controllers';
import { Service } from 'typedi';
import {
  ApiController,
  CurrentObject,
  IsAuthenticated,
  IsSubOwner,
  createExpressServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';
import { UserRateThrottle } from 'axioms-routing-controllers/throttling';

interface Note {
  readonly id: number;
  readonly owner: string;
  readonly text: string;
}

class NewNote {
  @IsString() text!: string;
}

@Service()
export class Notes {
  readonly all: Note[] = [];
}

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsAuthenticated, IsSubOwner];
  override ownerAttribute = 'owner';
  override throttleClasses = [UserRateThrottle];

  constructor(private readonly notes: Notes) {
    super();
  }

  override getObject() {
    return this.notes.all.find(({ id }) => id === Number(this.request.params.id));
  }

  @Get('/')
  async list() {
    return matching(await this.authorizedFilter(), this.notes.all);
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() { text }: NewNote) {
    const note = { id: this.notes.all.length + 1, owner: this.request.user?.sub ?? '', text };
    this.notes.all.push(note);
    return note;
  }

  @Get('/:id')
  retrieve(@CurrentObject() note: object) {
    return note;
  }

  @Delete('/:id')
  @OnUndefined(204)
  destroy(@CurrentObject() note: { id: number }) {
    this.notes.all.splice(
      this.notes.all.findIndex(({ id }) => id === note.id),
      1,
    );
  }
}

export function createApp(axioms: SettingsInput = {}) {
  return createExpressServer({
    controllers: [NoteController],
    axioms: { ...axioms, throttleRates: { user: '100/hour' } },
  });
}
// #endregion after

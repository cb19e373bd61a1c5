import { ApiController, Claim, CurrentObject, IsSubOwner } from 'axioms-routing-controllers';
import { toTypeOrm } from 'axioms-routing-controllers/filters/typeorm';
import {
  Body,
  ContentType,
  Delete,
  Get,
  HttpCode,
  JsonController,
  OnUndefined,
  Post,
  QueryParam,
} from 'routing-controllers';
import { Like, type FindOptionsWhere } from 'typeorm';
import { NewNote, Note, NoteRepository } from '../models/note';
import { isId } from './resource-controller';

/** Private notes. The rule that guards one note filters every list of them. */
@JsonController('/notes')
export class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override ownerAttribute = 'authorSub';
  override ownerIssuerAttribute = 'authorIss';

  constructor(private readonly notes: NoteRepository) {
    super();
  }

  override getObject(): Promise<Note | null> | null {
    const id = String(this.request.params.id);
    return isId(id) ? this.notes.findOneBy({ id: Number(id) }) : null;
  }

  @Get('/')
  list() {
    return this.#find();
  }

  @Get('/search')
  search(@QueryParam('text') text?: string) {
    return this.#find({ text: Like(`%${text ?? ''}%`) });
  }

  @Get('/export')
  @ContentType('text/plain')
  async export() {
    const notes = await this.#find();
    return notes.map(({ id, text }) => `${id}: ${text}\n`).join('') || '\n';
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() { text }: NewNote, @Claim('iss') authorIss: string, @Claim('sub') authorSub: string) {
    return this.notes.save(this.notes.create({ text, authorIss, authorSub }));
  }

  @Get('/:id')
  retrieve(@CurrentObject() note: Note) {
    return note;
  }

  @Delete('/:id')
  @OnUndefined(204)
  async destroy(@CurrentObject() note: Note) {
    await this.notes.remove(note);
  }

  async #find(where: FindOptionsWhere<Note> = {}): Promise<Note[]> {
    return this.notes.find({
      where: toTypeOrm(await this.authorizedFilter(), this.notes, where),
      order: { id: 'ASC' },
    });
  }
}

/** Mistakes with private notes, each on a route of its own: the test kit must find every one. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { ApiController, CurrentObject, IsAuthenticated, IsSubOwner } from 'axioms-routing-controllers';
import { permissionClasses } from 'axioms-routing-controllers/decorators';
import {
  Body,
  Delete,
  Get,
  JsonController,
  NotFoundError,
  Param,
  Patch,
  Post,
  Put,
  QueryParam,
} from 'routing-controllers';
import { Like } from 'typeorm';
import { NewNote, NoteRepository } from '../../demo/models/note';

/** Every route of it leaks. */
@JsonController('/leaks')
export class LeakyNoteController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override ownerAttribute = 'authorSub';
  override ownerIssuerAttribute = 'authorIss';
  // Otherwise the server withholds these answers.
  override unfilteredActions = [
    ...[
      'forgotten',
      'count',
      'search',
      'find',
      'exported',
      'tagged',
      'cached',
      'included',
      'latest',
      'total',
      'modified',
    ],
    ...['redirected', 'streamed', 'page', 'odd', 'grouped', 'suggest', 'removeAll', 'below'],
  ];

  constructor(private readonly notes: NoteRepository) {
    super();
  }

  override async getObject() {
    const note = await this.notes.findOneBy({ id: Number(this.request.params.id) });
    const { sub: authorSub, iss: authorIss } = this.request.authJwt ?? {};
    // Takes every note for the caller's own.
    return note && Object.assign(note, { authorSub, authorIss });
  }

  @Get('/forgotten') forgotten() {
    return this.notes.find();
  }
  @Get('/count') async count() {
    return { notes: await this.notes.count() };
  }
  @Get('/search') search(@QueryParam('text') text?: string) {
    return text === undefined ? [] : this.notes.findBy({ text: Like(`%${text}%`) });
  }
  @Post('/find') async find(@Body() { text }: NewNote) {
    return { isThere: await this.notes.existsBy({ text }) };
  }
  @Get('/exported') async exported() {
    const notes = await this.notes.find();
    return this.response.type('text/csv').send(notes.map(({ id, text }) => `${id};"${text}"`).join('\r\n'));
  }
  @Get('/tagged') async tagged() {
    const tag = createHash('sha256')
      .update(JSON.stringify(await this.notes.find()))
      .digest('base64url');
    return this.response.set('ETag', `W/"${tag}"`).json({});
  }
  @Get('/cached') async cached() {
    return (LeakyNoteController.cached ??= await this.notes.findBy({ authorSub: String(this.request.user?.sub) }));
  }
  private static cached: unknown;
  @Get('/included') async included() {
    return { shelf: 'first', books: [{ title: 'A book', notes: await this.notes.find() }] };
  }
  @Get('/latest') async latest() {
    const [note] = await this.notes.find({ order: { id: 'DESC' }, take: 1 });
    return note ?? {};
  }
  @Get('/total') async total() {
    return this.response.set('X-Total-Count', String(await this.notes.count())).json([]);
  }
  @Get('/modified') async modified() {
    const seconds = await this.notes.count();
    return this.response.set('Last-Modified', new Date(seconds * 1000).toUTCString()).json([]);
  }
  @Get('/redirected') async redirected() {
    const [note] = await this.notes.find({ order: { id: 'DESC' }, take: 1 });
    this.response.redirect(303, `/notes/${note?.id ?? 0}`);
    return this.response;
  }
  @Get('/streamed') async streamed() {
    return Readable.from((await this.notes.find()).map(({ text }) => `${text}\n`));
  }
  @Get('/page') async page() {
    const [items, total] = await this.notes.findAndCount({ where: { authorSub: String(this.request.user?.sub) } });
    return { items, pages: Math.ceil((await this.notes.count()) / 1), total };
  }
  @Get('/odd') async odd() {
    this.response.status((await this.notes.count()) % 2 === 0 ? 200 : 203);
    return {};
  }
  @Get('/grouped') async grouped() {
    const notes = await this.notes.find();
    return Object.fromEntries(notes.map(({ authorSub, id }) => [authorSub, id]));
  }
  @Get('/suggest') async suggest(@QueryParam('text') text?: string) {
    const notes = text === undefined ? [] : await this.notes.findBy({ text: Like(`${text}%`) });
    return { suggestions: notes.length };
  }
  @Get('/of/:sub') below(@Param('sub') authorSub: string) {
    return this.notes.findBy({ authorSub });
  }
  @Get('/one/:id') @permissionClasses([IsAuthenticated]) async one(@Param('id') id: number) {
    return (await this.notes.findOneBy({ id })) ?? {};
  }
  @Get('/error/:id') @permissionClasses([IsAuthenticated]) async error(@Param('id') id: number) {
    const note = await this.notes.findOneByOrFail({ id });
    if (note.authorSub === this.request.user?.sub) return {};
    throw new NotFoundError(`'${note.text}' is not yours`);
  }
  @Put('/:id') replace(@CurrentObject() { id }: { id: number }, @Body() { text }: NewNote) {
    return this.notes.update(id, { text });
  }
  @Patch('/:id') touch(@CurrentObject() { id }: { id: number }) {
    return this.notes.update(id, { text: 'touched' });
  }
  @Delete('/:id') remove(@CurrentObject() { id }: { id: number }) {
    return this.notes.delete(id);
  }
  @Delete('/') removeAll() {
    return this.notes.createQueryBuilder().delete().execute();
  }
}

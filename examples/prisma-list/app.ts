/** A list in Prisma: the rule that guards a note becomes the `where` of each query. */
import 'reflect-metadata';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import { Get, JsonController, QueryParam } from 'routing-controllers';
import { ApiController, CurrentObject, IsSubOwner, createExpressServer } from 'axioms-routing-controllers';
import { toPrisma } from 'axioms-routing-controllers/filters/prisma';
import { PrismaClient, type Note } from './client';

const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: process.env.DATABASE_URL ?? 'file:notes.db' }) });
const model = { provider: 'sqlite', properties: { authorSub: 'String' } } as const;

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override ownerAttribute = 'authorSub';

  override getObject() {
    return prisma.note.findUnique({ where: { id: Number(this.request.params.id) } });
  }

  // A page, and the number of all: both are the caller's.
  @Get('/')
  async list(@QueryParam('skip') skip = 0) {
    const where = toPrisma(await this.authorizedFilter(), model);
    const [items, total] = await Promise.all([
      prisma.note.findMany({ where, skip, take: 20, orderBy: { id: 'asc' } }),
      prisma.note.count({ where }),
    ]);
    return { items, total };
  }

  // The app's own condition goes to the compiler, which joins it by AND.
  @Get('/search')
  async search(@QueryParam('text') text: string) {
    const filter = await this.authorizedFilter();
    return prisma.note.findMany({ where: toPrisma(filter, { ...model, where: { text: { contains: text } } }) });
  }

  @Get('/:id')
  retrieve(@CurrentObject() note: Note) {
    return note;
  }
}

async function start() {
  await prisma.$executeRaw`CREATE TABLE IF NOT EXISTS Note (id INTEGER PRIMARY KEY, authorSub TEXT NOT NULL, text TEXT NOT NULL)`;
  for (const authorSub of ['alice', 'bob'])
    await prisma.note.create({ data: { authorSub, text: `A note of ${authorSub}` } });
  createExpressServer({ controllers: [NoteController] }).listen(Number(process.env.PORT ?? 3000));
}

void start();

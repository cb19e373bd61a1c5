/** Ownership with TypeORM: one rule guards each note and filters every list. */
import 'reflect-metadata';
import { IsString, Length } from 'class-validator';
import { Body, Delete, Get, HttpCode, JsonController, Post } from 'routing-controllers';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { ApiController, CurrentObject, IsSubOwner, createExpressServer } from 'axioms-routing-controllers';
import { toTypeOrm } from 'axioms-routing-controllers/filters/typeorm';

@Entity()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() authorSub!: string;
  @Column() text!: string;
}

class NewNote {
  @IsString() @Length(1, 1000) text!: string;
}

const database = new DataSource({ type: 'sqljs', entities: [Note], synchronize: true });
const notes = database.getRepository(Note);

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override ownerAttribute = 'authorSub';

  override getObject() {
    return notes.findOneBy({ id: Number(this.request.params.id) });
  }

  @Get('/')
  async list() {
    return notes.find({ where: toTypeOrm(await this.authorizedFilter(), notes) });
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() { text }: NewNote) {
    return notes.save({ text, authorSub: this.request.user?.sub ?? '' });
  }

  @Get('/:id')
  retrieve(@CurrentObject() note: Note) {
    return note;
  }

  @Delete('/:id')
  remove(@CurrentObject() note: Note) {
    return notes.remove(note);
  }
}

export const app = createExpressServer({ controllers: [NoteController] });
void database.initialize().then(() => app.listen(Number(process.env.PORT ?? 3000)));

import { IsString, Length } from 'class-validator';
import { Column, DataSource, Entity, Index, PrimaryGeneratedColumn, Repository } from 'typeorm';

/** A private note: nobody but its author sees it, not in a list either. */
@Entity()
@Index(['authorSub', 'authorIss'])
export class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @Column() authorSub!: string;
  @Column() authorIss!: string;
}

export class NoteRepository extends Repository<Note> {
  constructor(database: DataSource) {
    super(Note, database.manager);
  }
}

export class NewNote {
  @IsString() @Length(1, 1_000) text!: string;
}

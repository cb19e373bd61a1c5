import { IsOptional, IsString, Length } from 'class-validator';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';

@Entity()
export class Book {
  @PrimaryGeneratedColumn() id!: number;
  @Column() title!: string;
  @Column() author!: string;
  @Column({ default: false }) published!: boolean;
}

export class BookRepository extends Repository<Book> {
  constructor(database: DataSource) {
    super(Book, database.manager);
  }
}

export class NewBook {
  @IsString() @Length(1, 200) title!: string;
  @IsString() @Length(1, 200) author!: string;
}

export class BookChanges {
  @IsOptional() @IsString() @Length(1, 200) title?: string;
  @IsOptional() @IsString() @Length(1, 200) author?: string;
}

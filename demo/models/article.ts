import { IsOptional, IsString, Length } from 'class-validator';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';

@Entity()
export class Article {
  @PrimaryGeneratedColumn() id!: number;
  @Column() title!: string;
  @Column() text!: string;
  /** Who wrote it: the `sub` of the token that created it, which means nothing without its `iss`. */
  @Column() authorSub!: string;
  @Column({ type: 'varchar', nullable: true }) authorIss!: string | null;
}

export class ArticleRepository extends Repository<Article> {
  constructor(database: DataSource) {
    super(Article, database.manager);
  }
}

export class NewArticle {
  @IsString() @Length(1, 200) title!: string;
  @IsString() @Length(1, 10_000) text!: string;
}

export class ArticleChanges {
  @IsOptional() @IsString() @Length(1, 200) title?: string;
  @IsOptional() @IsString() @Length(1, 10_000) text?: string;
}

import { ArticleController } from './article-controller';
import { BookController } from './book-controller';
import { ExportController } from './export-controller';
import { NewsController } from './news-controller';
import { NoteController } from './note-controller';
import { ProfileController } from './profile-controller';
import { ProtectedController } from './protected-controller';
import { PublicController } from './public-controller';
import { ReportController } from './report-controller';
import { RoleController } from './role-controller';
import { SampleController } from './sample-controller';
import { ShelfController } from './shelf-controller';
import { VaultController } from './vault-controller';

export type ControllerClass = new (...dependencies: never[]) => object;

export const controllers: ControllerClass[] = [
  PublicController,
  ProtectedController,
  ProfileController,
  ReportController,
  RoleController,
  SampleController,
  NewsController,
  ShelfController,
  BookController,
  ArticleController,
  NoteController,
  ExportController,
  VaultController,
];

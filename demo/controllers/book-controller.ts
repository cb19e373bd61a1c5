import { CurrentObject, HasAccessTokenScopes, HasValidAccessToken } from 'axioms-routing-controllers';
import { Body, HttpCode, JsonController, Patch, Post, Put } from 'routing-controllers';
import { Service } from 'typedi';
import { Book, BookChanges, BookRepository, NewBook } from '../models/book';
import { ResourceController } from './resource-controller';

const scopesByAction: Record<string, string[]> = {
  list: ['book:read'],
  retrieve: ['book:read'],
  create: ['book:create'],
  update: ['book:update'],
  partialUpdate: ['book:update'],
  destroy: ['book:delete'],
  publish: ['book:publish'],
};

/** Scopes per action. */
@Service()
@JsonController('/books')
export class BookController extends ResourceController<Book> {
  override authenticationClasses = [HasValidAccessToken];
  override permissionClasses = [HasAccessTokenScopes];

  override get accessTokenScopes() {
    return scopesByAction[this.action] ?? [];
  }

  constructor(protected override readonly repository: BookRepository) {
    super();
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() book: NewBook) {
    return this.repository.save(this.repository.create(book));
  }

  @Put('/:id')
  update(@CurrentObject() book: Book, @Body() replacement: NewBook) {
    return this.repository.save(this.repository.merge(book, replacement));
  }

  @Patch('/:id')
  partialUpdate(@CurrentObject() book: Book, @Body() changes: BookChanges) {
    return this.repository.save(this.repository.merge(book, changes));
  }

  @Post('/:id/publish')
  publish(@CurrentObject() book: Book) {
    return this.repository.save(this.repository.merge(book, { published: true }));
  }
}

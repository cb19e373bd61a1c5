import { Claim, CurrentObject, IsSubOwnerOrSafeOnly } from 'axioms-routing-controllers';
import { Body, HttpCode, JsonController, Patch, Post, Put } from 'routing-controllers';
import { Article, ArticleChanges, ArticleRepository, NewArticle } from '../models/article';
import { ResourceController } from './resource-controller';

/** Everybody who is signed in reads and writes; only its author changes or deletes an article. */
@JsonController('/articles')
export class ArticleController extends ResourceController<Article> {
  override permissionClasses = [IsSubOwnerOrSafeOnly];
  override ownerAttribute = 'authorSub';
  override ownerIssuerAttribute = 'authorIss';

  constructor(protected override readonly repository: ArticleRepository) {
    super();
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() { title, text }: NewArticle, @Claim('iss') authorIss: string, @Claim('sub') authorSub: string) {
    return this.repository.save(this.repository.create({ title, text, authorIss, authorSub }));
  }

  @Put('/:id')
  update(@CurrentObject() article: Article, @Body() replacement: NewArticle) {
    return this.repository.save(this.repository.merge(article, replacement));
  }

  @Patch('/:id')
  partialUpdate(@CurrentObject() article: Article, @Body() changes: ArticleChanges) {
    return this.repository.save(this.repository.merge(article, changes));
  }
}

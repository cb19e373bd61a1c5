import { CurrentObject, IsSubOwnerOrSafeOnly, ApiController } from 'axioms-routing-controllers';
import { JsonController, Get, Delete } from 'routing-controllers';
import { Service } from 'typedi';
@Service()
class Articles {
  readonly #articles = [{ id: 1, authorSub: 'alice', text: 'Hello' }];

  find(id: number) {
    return this.#articles.find(article => article.id === id);
  }
}

@JsonController('/articles')
class ArticleController extends ApiController {
  override permissionClasses = [IsSubOwnerOrSafeOnly];
  override ownerAttribute = 'authorSub';

  constructor(private readonly articles: Articles) {
    super();
  }

  override getObject() {
    return this.articles.find(Number(this.request.params.id));
  }

  @Get('/:id')
  retrieve(@CurrentObject() article: object) {
    return article;
  }

  @Delete('/:id')
  destroy(@CurrentObject() article: { id: number }) {
    return { removed: article.id };
  }
}

export {};
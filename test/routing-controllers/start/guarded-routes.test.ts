/** What the start refuses of a handler and of its path. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { hasValidAccessToken } from 'axioms-routing-controllers/decorators';
import { startError, startWarnings } from '../../start-error';

describe('the start refuses', () => {
  it('a path that encodes a character which a request may send as it is', () => {
    @JsonController('/users')
    class UserController {
      @Get('/%40me') me() {
        return {};
      }
    }
    expect(startError(UserController)).to.contain('/users/%40me of UserController.me').and.contain('Write @ instead');
  });

  it('no regular expression, which may take both spellings', () => {
    @JsonController()
    class EitherController {
      @Get(/^\/users\/(?:@|%40)me$/) me() {
        return {};
      }
    }
    expect(startWarnings(EitherController)).to.equal('');
  });

  it('a decorator of a method that has no route', () => {
    @JsonController('/books')
    class BookController {
      @Get('/') list() {
        return [];
      }
      @hasValidAccessToken() remove() {
        return {};
      }
    }
    expect(startError(BookController)).to.contain('BookController.remove').and.contain('it would guard nothing');
  });
});

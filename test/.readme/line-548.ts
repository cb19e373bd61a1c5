import { IsSubOwner, ApiController } from 'axioms-routing-controllers';
import { JsonController, Post, Delete } from 'routing-controllers';
@JsonController('/posts')
class PostController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override objectActions = ['publish']; // in addition to remove
  override notObjectActions = ['removeDrafts'];

  override getObject() {
    return { user: 'alice' };
  }

  @Post('/publish')
  publish() {
    return {};
  }

  @Delete('/drafts')
  removeDrafts() {
    return {};
  }

  @Delete('/:id')
  remove() {
    return {};
  }
}

export {};
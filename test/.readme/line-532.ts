import { IsSubOwner, ApiController } from 'axioms-routing-controllers';
import { JsonController, Get, Param } from 'routing-controllers';
@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];

  @Get('/:id')
  async retrieve(@Param('id') id: number) {
    const note = { id, user: 'alice', text: 'Remember the milk' };
    await this.checkObjectPermissions(note);
    return note;
  }
}

export {};
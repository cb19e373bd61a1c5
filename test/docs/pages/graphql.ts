/** The example of docs/questions/other-protocols.md about GraphQL. */
// #region example
import { IsString } from 'class-validator';
import { Body, Get, JsonController, Post } from 'routing-controllers';
import {
  ApiController,
  createExpressServer,
  HasAccessTokenScopes,
  IsSubOwner,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';

const notes = [
  { id: '1', user: 'alice', text: 'milk' },
  { id: '2', user: 'bob', text: 'bread' },
];

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];

  @Get('/')
  async list() {
    return matching(await this.authorizedFilter(), notes);
  }
}

/** The resolvers ask for the rule of `NoteController`: a note is found, listed or included only where it allows it. */
export const resolvers = {
  async notes(_arguments: object, controller: ApiController) {
    return matching(await controller.authorizedFilter(NoteController), notes);
  },
  async note({ id }: { readonly id: string }, controller: ApiController) {
    const own = matching(await controller.authorizedFilter(NoteController), notes);
    return own.find(note => note.id === id);
  },
};

/** With the package graphql: (source, contextValue) => graphql({ schema, source, rootValue: resolvers, contextValue }) */
export type Execute = (source: string, context: ApiController) => Promise<object>;

class Operation {
  @IsString() query!: string;
}

export function createApp(execute: Execute, axioms?: SettingsInput) {
  @JsonController('/graphql')
  class GraphqlController extends ApiController {
    override permissionClasses = [HasAccessTokenScopes];
    override accessTokenScopes = ['note:read'];

    @Post('/')
    run(@Body() { query }: Operation) {
      return execute(query, this);
    }
  }
  return createExpressServer({ controllers: [NoteController, GraphqlController], axioms });
}
// #endregion example

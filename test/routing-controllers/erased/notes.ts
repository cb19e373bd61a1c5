import { IsString } from 'class-validator';
import { Service } from 'typedi';

export class NewNote {
  @IsString()
  text!: string;
}

export interface NoteShape {
  readonly text: string;
}

@Service()
export class NoteStore {
  readonly notes: string[] = ['first'];
}

export interface Store {
  readonly notes: readonly string[];
}

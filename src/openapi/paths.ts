/** Converts Express's paths, of versions 4 and 5, to OpenAPI's path templates. */

/** A path of a document, and its parameters. */
export interface PathTemplate {
  /** `/books/{id}` */
  readonly path: string;
  readonly parameters: readonly PathParameter[];
  /** Text for the description that the template cannot express. */
  readonly remark?: string;
}

export interface PathParameter {
  readonly name: string;
  /** A regular expression that the value matches. */
  readonly pattern?: string;
  readonly description?: string;
}

/** A piece of a path: text, or a parameter. */
type Piece = string | PathParameter;

/** Most variants of a path. If there are more, only two are documented: with all optional parts, and with none. */
const mostVariants = 16;

/**
 * Returns the templates of a route's path: one for each way to leave its optional parts out.
 *
 * @param prefix the part of the path before the handler's own; of a regex, the part that can be read
 */
export function pathTemplates(path: string | RegExp, prefix: string): readonly PathTemplate[] {
  if (path instanceof RegExp) return [regexTemplate(path, prefix)];
  const variants = new PathReader(path).read();
  const templates = variants.map(templateOf);
  return templates.filter((one, index) => templates.findIndex(other => other.path === one.path) === index);
}

function regexTemplate({ source }: RegExp, prefix: string): PathTemplate {
  const description = 'What the regular expression leaves open';
  const [pieces = []] = new PathReader(prefix).read();
  return { ...templateOf([...pieces, '/', { name: 'match', description }]), remark: `The path matches \`${source}\`.` };
}

function templateOf(pieces: readonly Piece[]): PathTemplate {
  const parameters = withDifferentNames(pieces.filter(piece => typeof piece !== 'string'));
  const names = parameters.map(({ name }) => name).values();
  const path = pieces.map(piece => (typeof piece === 'string' ? literal(piece) : `{${names.next().value ?? ''}}`));
  return { path: withoutLastSlash(path.join('').replace(/\/{2,}/g, '/')), parameters };
}

function withDifferentNames(parameters: readonly PathParameter[]): readonly PathParameter[] {
  const names = parameters.map(({ name }) => name);
  return parameters.map((one, index) =>
    names.indexOf(one.name) < index ? { ...one, name: `${one.name}${index}` } : one,
  );
}

// Encodes characters with another meaning in a template: braces enclose a parameter, and `?` and `#` end the path.
function literal(text: string): string {
  return text.replace(/[{}?#\s]/g, encodeURIComponent);
}

// Express serves a path with and without the last slash.
function withoutLastSlash(path: string): string {
  const start = path.startsWith('/') ? path : `/${path}`;
  return start === '/' ? start : start.replace(/\/$/, '');
}

/** Reads a path from left to right, and keeps every variant of what it has read. */
class PathReader {
  #at = 0;

  constructor(private readonly text: string) {}

  read(end?: '}'): Piece[][] {
    let variants: Piece[][] = [[]];
    while (this.#at < this.text.length && this.text[this.#at] !== end) {
      const next = this.#next();
      const isOptional = this.#takeModifier(next);
      variants = combined(variants, isOptional ? [...next, []] : next);
    }
    return variants;
  }

  #next(): Piece[][] {
    const text = this.text.slice(this.#at);
    if (text.startsWith('{')) return this.#optionalGroup();
    const escape = /^\\(.)/s.exec(text);
    if (escape !== null) return this.#take(escape[0], escape[1] ?? '');
    const name = /^[:*](?:"((?:[^"\\]|\\.)+)"|([\p{ID_Start}$_][\p{ID_Continue}$]*))/u.exec(text);
    if (name !== null) return this.#parameter(name, text.startsWith('*'));
    if (text.startsWith('*')) return this.#take('*', restOfPath('path'));
    if (text.startsWith('(')) return this.#unnamed(text);
    return this.#take(text.slice(0, 1), text.slice(0, 1));
  }

  // Express 5: `/books{/:id}`.
  #optionalGroup(): Piece[][] {
    this.#at += 1;
    const inside = this.read('}');
    this.#at += 1;
    return [...inside, []];
  }

  #parameter([all, quoted, plain = 'parameter']: RegExpExecArray, isRest: boolean): Piece[][] {
    this.#at += all.length;
    const name = (quoted ?? plain).replace(/[^\w$]/g, '_');
    return [[isRest ? restOfPath(name) : this.#withPattern(name)]];
  }

  // Express 4: `/books/:id(\\d+)`.
  #withPattern(name: string): PathParameter {
    const pattern = groupAt(this.text, this.#at);
    if (pattern === undefined) return { name };
    this.#at += pattern.length;
    return { name, pattern: `^(?:${pattern.slice(1, -1)})$` };
  }

  // Express 4: a group without a name.
  #unnamed(text: string): Piece[][] {
    const group = groupAt(text, 0) ?? text;
    return this.#take(group, { name: 'group', pattern: `^(?:${group.slice(1, -1)})$` });
  }

  // Express 4 allows `?` and `+` after a piece; Express 5 refuses them there.
  #takeModifier(next: Piece[][]): boolean {
    const modifier = /^[?+]/.exec(this.text.slice(this.#at))?.[0];
    if (modifier === undefined || next.length !== 1) return false;
    this.#at += 1;
    return modifier === '?';
  }

  #take(taken: string, piece: Piece): Piece[][] {
    this.#at += taken.length;
    return [[piece]];
  }
}

function restOfPath(name: string): PathParameter {
  return { name, description: 'The rest of the path; it may contain slashes' };
}

/** Returns the group in parentheses that begins here, including the groups inside it. */
function groupAt(text: string, start: number): string | undefined {
  if (text[start] !== '(') return undefined;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if (depth === 0) return text.slice(start, at + 1);
  }
  return undefined;
}

function combined(variants: readonly Piece[][], continuations: readonly Piece[][]): Piece[][] {
  const all = variants.flatMap(start => continuations.map(end => [...start, ...end]));
  return all.length <= mostVariants ? all : [all[0] ?? [], all.at(-1) ?? []];
}

import { endWith } from './failure';
import { checkDemo } from './rules/check-demo';

checkDemo().then(exitCode => (process.exitCode = exitCode), endWith);

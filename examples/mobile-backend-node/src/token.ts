/** Prints a token for a user: `npm run token ann`. */
import { issueToken } from './accounts.js';
import { readTokenSecret } from './settings.js';

console.log(await issueToken(process.argv[2] ?? 'ann', readTokenSecret()));

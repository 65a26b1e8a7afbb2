/** Users' tokens. Replace `verifyToken` by what your accounts use; it returns the id of the user. */
import { errors, jwtVerify, SignJWT } from 'jose';

import { Refused } from './answers.js';

const AUDIENCE = 'lipsync';

const keyOf = (secret: string) => new TextEncoder().encode(secret);

/** Returns the id of the user to whom a token belongs. */
export async function verifyToken(token: string, secret: string): Promise<string> {
  try {
    // The algorithm is fixed: a token must not choose its own.
    const { payload } = await jwtVerify(token, keyOf(secret), {
      algorithms: ['HS256'],
      audience: AUDIENCE,
      requiredClaims: ['exp', 'sub'],
    });
    if (payload.sub) return payload.sub;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new Refused(401, 'Your session has expired. Sign in again.');
    }
    if (!(error instanceof errors.JOSEError)) throw error;
  }
  throw new Refused(401, 'You are not signed in.');
}

/** Returns a token, as your sign-in does. */
export async function issueToken(user: string, secret: string, seconds = 3600): Promise<string> {
  return await new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setAudience(AUDIENCE)
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(keyOf(secret));
}

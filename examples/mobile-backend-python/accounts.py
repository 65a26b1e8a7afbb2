"""Users' tokens. Replace `verify_token` by what your accounts use."""

from __future__ import annotations

import sys
import time

import jwt
from settings import token_secret

AUDIENCE = "lipsync"


class InvalidTokenError(Exception):
    """The token is invalid. The message is for the user."""


def verify_token(token: str, secret: str) -> str:
    """Return the id of the user to whom a token belongs."""
    try:
        # The algorithm is fixed: a token must not choose its own.
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=AUDIENCE,
            options={"require": ["exp", "sub", "aud"]},
        )
    except jwt.ExpiredSignatureError:
        raise InvalidTokenError("Your session has expired. Sign in again.") from None
    except jwt.InvalidTokenError:
        raise InvalidTokenError("You are not signed in.") from None
    user: str = claims["sub"]
    if not user:
        raise InvalidTokenError("You are not signed in.")
    return user


def issue_token(user: str, secret: str, seconds: float = 3600) -> str:
    """Return a token, as your sign-in does."""
    claims = {"sub": user, "aud": AUDIENCE, "exp": int(time.time() + seconds)}
    return jwt.encode(claims, secret, algorithm="HS256")


if __name__ == "__main__":
    sys.stdout.write(issue_token(sys.argv[1], token_secret()) + "\n")

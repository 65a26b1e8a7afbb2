"""A mock server of WaveSpeedAI's API on this machine."""

from ._server import MockServer
from ._world import World

__all__ = ["MockServer", "World"]

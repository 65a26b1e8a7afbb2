"""Data classes that are completed when they are first used.

``dataclasses`` imports ``inspect``, and compiles the methods of each class. For a program that only
makes a client, that would be almost half of the time of its imports. Type checkers see the
decorator of ``dataclasses`` itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

_lock = threading.RLock()
_pending: dict[type, _Pending] = {}


class _Pending:
    """What completes a class."""

    def __init__(self, cls: type, options: dict[str, Any]) -> None:
        self.options = options
        self.module = cls.__module__
        self.actions: list[Callable[[Any], object]] = []


class _Attribute:
    """An attribute that `dataclasses` makes."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        complete(owner)
        for each in owner.__mro__:
            found = vars(each).get(self._name, self)
            if found is not self:
                return found
        raise AttributeError(self._name)


class Deferred:
    """The base of data classes that are completed when they are first used.

    The decorator is `dataclass` of this module. What it makes hides what is here.
    """

    if not TYPE_CHECKING:
        __dataclass_fields__ = _Attribute()
        __dataclass_params__ = _Attribute()
        __match_args__ = _Attribute()
        __replace__ = _Attribute()
        __signature__ = _Attribute()

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            _completed(self).__init__(self, *args, **kwargs)

        def __repr__(self) -> str:
            return _completed(self).__repr__(self)

        def __eq__(self, other: object) -> Any:
            return _completed(self).__eq__(self, other)

        def __hash__(self) -> int:
            return _completed(self).__hash__(self)

        def __setattr__(self, name: str, value: Any) -> None:
            _completed(self).__setattr__(self, name, value)

        def __delattr__(self, name: str) -> None:
            _completed(self).__delattr__(self, name)


def _completed(instance: object) -> Any:
    """Return the class of an instance whose methods were called, complete; not a subclass of it."""
    complete(type(instance))
    classes = type(instance).__mro__
    return next(each for each in classes if "__dataclass_fields__" in vars(each))


class _Field:
    """The options of a field of a class that is not complete."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options


if not TYPE_CHECKING:

    def dataclass(**options: Any) -> Callable[[type], type]:
        """Make a subclass of `Deferred` a data class, later."""

        def defer(cls: type) -> type:
            _pending[cls] = _Pending(cls, options)
            if any("__dataclass_fields__" in vars(base) for base in cls.__mro__[1:-2]):
                # The methods of its base would hide those of `Deferred`.
                complete(cls)
            return cls

        return defer

    def field(**options: Any) -> Any:
        """Return the default of a field, later."""
        return _Field(options)


def complete(cls: type) -> None:
    """Complete a class, its bases and their subclasses, unless that has happened."""
    with _lock:
        bases = tuple(base for base in cls.__mro__ if base in _pending)
        # In the order of their definition: bases first.
        for each in [each for each in _pending if issubclass(each, bases)]:
            _complete(each)


def _complete(cls: type) -> None:
    import dataclasses

    pending = _pending[cls]
    for name, value in list(vars(cls).items()):
        if isinstance(value, _Field):
            setattr(cls, name, dataclasses.field(**value.options))
    # The package has moved the class to its own name, which does not know its annotations.
    public, cls.__module__ = cls.__module__, pending.module
    try:
        dataclasses.dataclass(**pending.options)(cls)
    finally:
        cls.__module__ = public
    for action in pending.actions:
        action(cls)
    # Only now: a thread that sees it as complete uses it without the lock.
    del _pending[cls]


def when_complete(cls: type, action: Callable[[Any], object]) -> None:
    """Call a function with a class as soon as it is complete."""
    if cls in _pending:
        _pending[cls].actions.append(action)
    else:
        action(cls)

"""What is known of the account and of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._prediction import moment_of


@dataclass(frozen=True)
class Model:
    """A model as the service's catalogue has it."""

    id: str
    """Its id, as it stands in the URL of a submit."""
    name: str
    description: str
    category: str
    """The service's category (``image-to-video``, …)."""
    base_price: float | None
    """The price a run starts from, in dollars."""
    formula: str | None
    """How the price is computed, in JSONata, where it is not just the base price."""
    schema: Any
    """The schema of its input: JSON Schema with keys of the service's own."""
    extra: dict[str, Any]
    """Every other field of the service's record."""


@dataclass(frozen=True)
class Price:
    """What the service would charge for an input."""

    due: float
    """What is charged: the discounted amount, where there is one."""
    model: str
    amount: float
    """The price before any discount."""
    discounted: float | None
    """The price after the account's discount."""
    currency: str
    left_out: tuple[str, ...]
    """Parameters that were left out because their media are not uploaded."""
    extra: dict[str, Any]
    """Every other field of the service's answer."""


@dataclass(frozen=True)
class Billing:
    """One record of the account's bill. What the service leaves out is None."""

    id: str
    kind: str
    """What it is: ``deduct`` for a charge."""
    amount: float | None
    """The amount in dollars."""
    original_amount: float | None
    """The amount before any discount."""
    job_id: str | None
    """The job that was charged for."""
    model: str | None
    status: str | None
    key_name: str | None
    """The name of the API key that was used."""
    created_at: datetime | None
    extra: dict[str, Any]
    """Every other field of the service's record."""


@dataclass(frozen=True)
class ModelUsage:
    """What was used of one model."""

    model: str
    cost: float | None
    requests: int | None
    extra: dict[str, Any]


@dataclass(frozen=True)
class DailyUsage:
    """What was used on one day."""

    day: str
    """The day, as the service writes it: ``2025-10-01``."""
    cost: float | None
    requests: int | None
    models: tuple[ModelUsage, ...]
    extra: dict[str, Any]


@dataclass(frozen=True)
class Usage:
    """What was used and spent in a while. What the service leaves out is None or empty."""

    cost: float | None
    """All of it, in dollars."""
    requests: int | None
    """How many runs were asked for."""
    succeeded: int | None
    """How many of them succeeded."""
    models: tuple[ModelUsage, ...]
    days: tuple[DailyUsage, ...]
    extra: dict[str, Any]


def model_of(data: dict[str, Any]) -> Model:
    """Make a model of what came over the border."""
    return Model(
        id=data["id"],
        name=data["name"],
        description=data["description"],
        category=data["category"],
        base_price=data["basePrice"],
        formula=data["formula"],
        schema=data["schema"],
        extra=data["extra"],
    )


def price_of(data: dict[str, Any]) -> Price:
    """Make a price of what came over the border."""
    return Price(
        due=data["due"],
        model=data["model"],
        amount=data["amount"],
        discounted=data["discounted"],
        currency=data["currency"],
        left_out=tuple(data["leftOut"]),
        extra=data["extra"],
    )


def billing_of(data: dict[str, Any]) -> Billing:
    """Make a record of the bill of what came over the border."""
    return Billing(
        id=data["id"],
        kind=data["kind"],
        amount=data["amount"],
        original_amount=data["originalAmount"],
        job_id=data["jobId"],
        model=data["model"],
        status=data["status"],
        key_name=data["keyName"],
        created_at=moment_of(data["createdAt"]),
        extra=data["extra"],
    )


def usage_of(data: dict[str, Any]) -> Usage:
    """Make a usage of what came over the border."""
    return Usage(
        cost=data["cost"],
        requests=data["requests"],
        succeeded=data["succeeded"],
        models=tuple(ModelUsage(**model) for model in data["models"]),
        days=tuple(_day_of(day) for day in data["days"]),
        extra=data["extra"],
    )


def _day_of(data: dict[str, Any]) -> DailyUsage:
    models = tuple(ModelUsage(**model) for model in data["models"])
    return DailyUsage(data["day"], data["cost"], data["requests"], models, data["extra"])

"""Answers, as dataclasses with the names that the server uses. Fields that a newer server adds are passed over."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Literal, Optional

from ._notebook import Pictures, cards

Class = Literal["identical", "edited_copy", "similar", "described", "none"]
T = typing.TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Match:
    """A product that was found."""

    product_id: str
    image_id: Optional[str] = None
    match_percent: float
    score: float
    # "class" is a word of Python's own.
    class_: Class = field(metadata={"name": "class"})
    fields: dict[str, Any]
    image_url: Optional[str] = None
    evidence: dict[str, Any]
    # Further products that it stands for, where `fold_by` folded any.
    also: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CheckAnswer:
    """Whether a photo is listed already, and what speaks for it."""

    verdict: Class
    matches: list[Match]
    encoder: str
    took_ms: float
    more: bool = False
    index: Optional[str] = None
    timings: dict[str, float] = field(default_factory=dict)
    pictures: Optional[Pictures] = field(default=None, repr=False, compare=False, metadata={"local": True})

    def _repr_html_(self) -> str:
        return cards(f"verdict: {self.verdict}", self.matches, self.pictures)


@dataclass(frozen=True, kw_only=True)
class SearchAnswer:
    """Products that match, best first."""

    results: list[Match]
    encoder: Optional[str] = None
    took_ms: float
    more: bool = False
    matched_by: Optional[Literal["vector", "words"]] = None
    truncated: Optional[bool] = None
    index: Optional[str] = None
    timings: dict[str, float] = field(default_factory=dict)
    pictures: Optional[Pictures] = field(default=None, repr=False, compare=False, metadata={"local": True})

    def _repr_html_(self) -> str:
        return cards(f"{len(self.results)} products", self.results, self.pictures)


@dataclass(frozen=True)
class Encoder:
    """What makes a catalog's vectors."""

    name: str
    digest: str
    dimensions: int
    text: bool
    default: bool


@dataclass(frozen=True)
class Sample:
    """An image of the catalog to try things with."""

    product_id: str
    image_id: str
    image_url: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Catalog:
    """The catalog at a glance."""

    products: int
    images: int
    encoders: list[Encoder]
    samples: list[Sample]
    bytes: Optional[int] = None


@dataclass(frozen=True)
class Value:
    """A value of a field, and how many products have it."""

    value: Any
    products: int


@dataclass(frozen=True)
class Field:
    """A field of the products."""

    name: str
    types: list[str]
    products: int
    values: list[Value]
    distinct: Optional[int] = None
    min: Optional[float] = None
    max: Optional[float] = None
    examples: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Fields:
    """The fields of the products."""

    products: int
    fields: list[Field]
    more_fields: bool


@dataclass(frozen=True)
class ValueCount:
    """A value, and how many of the products that the filter keeps have it."""

    value: Any
    count: int


@dataclass(frozen=True)
class Facet:
    """The values of one field among the products that a filter keeps."""

    field: str
    values: list[ValueCount]
    type: Optional[str] = None
    distinct: Optional[int] = None
    min: Optional[float] = None
    max: Optional[float] = None
    missing: Optional[int] = None


@dataclass(frozen=True)
class Facets:
    """Counts of values."""

    products: int
    facets: list[Facet]


@dataclass(frozen=True)
class Image:
    """An image of a product."""

    image_id: str
    image_url: str
    width: int
    height: int


@dataclass(frozen=True)
class Product:
    """A product of the catalog."""

    product_id: str
    fields: dict[str, Any]
    images: list[Image]


@dataclass(frozen=True)
class ProductPage:
    """Products in the order of their ids; `next` is what `after` is to be for the page behind."""

    products: list[Product]
    next: Optional[str] = None


@dataclass(frozen=True)
class PhotoCheck:
    """What the catalog had of a new photo already."""

    image_id: str
    verdict: Class
    matches: list[Match]


@dataclass(frozen=True)
class Stored(Product):
    """A product as it is stored now."""

    created: bool = False
    checks: Optional[list[PhotoCheck]] = None


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What became of one product of a batch."""

    product_id: Optional[str] = None
    status: str
    problem: Optional[dict[str, Any]] = None
    checks: Optional[list[PhotoCheck]] = None


@dataclass(frozen=True)
class BatchAnswer:
    """What became of a batch, in the order given."""

    results: list[BatchResult]
    stored: int
    failed: int


JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True)
class JobNumbers:
    """What became of images or products: seen = new + changed + unchanged + failed + not_reached, once a job has ended."""

    seen: int
    new: int
    changed: int
    unchanged: int
    removed: int
    failed: int
    not_reached: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """An import, and how far it is. Times are milliseconds since 1970."""

    job_id: str
    kind: str
    state: JobState
    request: dict[str, Any]
    attempts: int
    images: JobNumbers
    products: JobNumbers
    # How many images the source has, where that is known beforehand.
    images_expected: Optional[int] = None
    # Of photos that were read.
    bytes: int
    # How many failures `job_failures` names.
    failures: int
    notices: list[str]
    # Why it failed or was interrupted, or what it waits for.
    message: Optional[str] = None
    created_unix_ms: int
    started_unix_ms: Optional[int] = None
    ended_unix_ms: Optional[int] = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in ("queued", "running")


@dataclass(frozen=True)
class JobPage:
    """Jobs, the latest first; `next` is what `before` is to be for the page behind."""

    jobs: list[Job]
    next: Optional[str] = None


@dataclass(frozen=True)
class JobFailure:
    """Something a job could not store: the file, address or row, the stage that failed, and why."""

    place: str
    stage: str
    reason: str


@dataclass(frozen=True)
class JobFailurePage:
    """Failures in their order; `next` is what `after` is to be for the page behind."""

    failures: list[JobFailure]
    total: int
    next: Optional[int] = None


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def name_of(one: dataclasses.Field[Any]) -> str:
    """What the server calls a field."""
    return str(one.metadata.get("name", one.name))


def read(kind: type[T], data: Any, **more: Any) -> T:
    """Makes a dataclass of what the server answered; `more` are fields of our own."""
    hints = _hints(typing.cast(Any, kind))
    given = {}
    for one in dataclasses.fields(kind):  # type: ignore[arg-type]
        if name_of(one) in data and not one.metadata.get("local"):
            given[one.name] = _value(hints[one.name], data[name_of(one)])
    return kind(**given, **more)


def _value(hint: Any, data: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if data is None:
        return None
    if origin in (typing.Union, types.UnionType):
        return _value(next(one for one in arguments if one is not type(None)), data)
    if origin is list:
        return [_value(arguments[0], one) for one in data]
    return read(hint, data) if isinstance(hint, type) and dataclasses.is_dataclass(hint) else data

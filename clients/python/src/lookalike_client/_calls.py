"""Every call as data: what is sent, and what is made of the answer. Nothing here touches the network.

The two clients differ in how they send a `Call` and in nothing else.
"""

from __future__ import annotations

import base64
import contextlib
import json as json_text
import os
import pathlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Callable, Generic, Iterable, Iterator, Literal, Mapping, Sequence, TypeVar, Union
from urllib.parse import quote

import httpx

from ._types import (
    BatchAnswer,
    Catalog,
    CheckAnswer,
    Facets,
    Fields,
    Job,
    JobFailurePage,
    JobPage,
    Product,
    ProductPage,
    SearchAnswer,
    Stored,
    read,
)
from ._notebook import Pictures

T = TypeVar("T")
# A path, its bytes, an open file, or anything with `save(file, format)` such as a Pillow image.
Photo = Union[str, os.PathLike[str], bytes, BinaryIO, Any]
Crop = tuple[float, float, float, float]
Check = Literal["warn", "reject"]
Mode = Literal["auto", "duplicate", "similar"]
Format = Literal[
    "folder", "archive", "csv", "jsonl", "magento", "shopify", "woocommerce", "google", "abo", "sitemap", "list"
]
Missing = Literal["careful", "all"]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request and how its answer is read."""

    method: str
    # As in the OpenAPI document.
    template: str
    made: Callable[[httpx.Response, Pictures], T]
    ids: dict[str, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    data: dict[str, str] | None = None
    files: dict[str, tuple[str, bytes, str]] | None = None
    # A file that is sent as `file` while it is read.
    upload: pathlib.Path | None = None

    @property
    def path(self) -> str:
        """The template with its ids, percent-encoded."""
        return self.template.format(**{name: quote(value, safe="") for name, value in self.ids.items()})

    @contextlib.contextmanager
    def arguments(self) -> Iterator[dict[str, Any]]:
        """What httpx is given; a file to be sent is open meanwhile, and at its beginning."""
        given: dict[str, Any] = {"params": {name: value for name, value in self.params.items() if value is not None}}
        if self.json is not None:
            given["json"] = self.json
        if self.files is not None:
            given["files"], given["data"] = self.files, self.data or {}
        if self.upload is None:
            yield given
            return
        with self.upload.open("rb") as file:
            form = {"file": (self.upload.name, file, "application/octet-stream")}
            yield {**given, "files": form, "data": self.data or {}}


def photo_bytes(photo: Photo) -> bytes:
    """The bytes of a photo, however it is given."""
    if isinstance(photo, (bytes, bytearray, memoryview)):
        return bytes(photo)
    if isinstance(photo, (str, os.PathLike)):
        return pathlib.Path(photo).read_bytes()
    if hasattr(photo, "save"):
        import io

        buffer = io.BytesIO()
        photo.save(buffer, format="PNG")
        return buffer.getvalue()
    content = photo.read()
    if not isinstance(content, bytes):
        raise TypeError("a photo's file must be opened in binary mode")
    return content


def data_url(photo: Photo) -> str:
    """A photo as base64, for JSON."""
    return base64.b64encode(photo_bytes(photo)).decode()


def _answer(kind: type[T]) -> Callable[[httpx.Response, Pictures], T]:
    return lambda response, _: read(kind, response.json())


def _with_pictures(kind: type[T]) -> Callable[[httpx.Response, Pictures], T]:
    return lambda response, pictures: read(kind, response.json(), pictures=pictures)


def question(
    image: Photo | None,
    *,
    image_url: str | None,
    image_id: str | None,
    product_id: str | None,
    text: str | None,
    text_weight: float | None,
    crop: Crop | None,
    encoder: str | None,
    top: int | None,
    offset: int | None,
    mode: Mode | None,
    min_percent: float | None,
    filter: str | None,
    fold_by: str | None,
    fields: Sequence[str] | None,
) -> dict[str, Any]:
    """What `search` and `check` are asked; a file goes as a form, all else as JSON."""
    asked: dict[str, Any] = {
        "image_url": image_url, "image_id": image_id, "product_id": product_id, "text": text,
        "text_weight": text_weight, "encoder": encoder, "top": top, "offset": offset, "mode": mode,
        "min_percent": min_percent, "filter": filter, "fold_by": fold_by,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    if image is None:
        if crop is not None:
            asked["crop"] = dict(zip(("x", "y", "width", "height"), crop))
        if fields is not None:
            asked["fields"] = list(fields)
        return {"json": asked}
    if crop is not None:
        asked["crop"] = ",".join(map(str, crop))
    if fields is not None:
        asked["fields"] = ",".join(fields)
    form = {name: str(value) for name, value in asked.items()}
    return {"data": form, "files": {"image": ("photo", photo_bytes(image), "application/octet-stream")}}


def search(**asked: Any) -> Call[SearchAnswer]:
    return Call("POST", "/v1/search", _with_pictures(SearchAnswer), **question(**asked))


def check(**asked: Any) -> Call[CheckAnswer]:
    return Call("POST", "/v1/check", _with_pictures(CheckAnswer), **question(**asked))


def catalog(samples: int | None) -> Call[Catalog]:
    return Call("GET", "/v1/catalog", _answer(Catalog), params={"samples": samples})


def fields() -> Call[Fields]:
    return Call("GET", "/v1/catalog/fields", _answer(Fields))


def facets(names: Sequence[str] | None, filter: str | None, values: int | None) -> Call[Facets]:
    named = ",".join(names) if names is not None else None
    params = {"fields": named, "filter": filter, "values": values}
    return Call("GET", "/v1/catalog/facets", _answer(Facets), params=params)


def image(image_id: str, width: int | None, product: str | None) -> Call[bytes]:
    made = lambda response, _: response.content
    return Call("GET", "/v1/images/{id}", made, ids={"id": image_id}, params={"width": width, "product": product})


def product(product_id: str) -> Call[Product]:
    return Call("GET", "/v1/products/{id}", _answer(Product), ids={"id": product_id})


def products(after: str | None, limit: int | None, filter: str | None) -> Call[ProductPage]:
    params = {"after": after, "limit": limit, "filter": filter}
    return Call("GET", "/v1/products", _answer(ProductPage), params=params)


def new_images(images: Iterable[Photo | Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Images as JSON: web addresses stay what they are, photos go along as base64, mappings are sent as given."""
    if images is None:
        return None
    sent = []
    for one in images:
        if isinstance(one, Mapping):
            sent.append({**one, "data": data_url(one["data"])} if "data" in one else dict(one))
        elif isinstance(one, str) and one.startswith(("http://", "https://")):
            sent.append({"url": one})
        else:
            sent.append({"data": data_url(one)})
    return sent


def product_body(
    fields: Mapping[str, Any] | None, images: Iterable[Photo | Mapping[str, Any]] | None
) -> dict[str, Any]:
    body = {"fields": dict(fields) if fields is not None else None, "images": new_images(images)}
    return {name: value for name, value in body.items() if value is not None}


def put_product(product_id: str, body: dict[str, Any], check: Check | None) -> Call[Stored]:
    path, ids = "/v1/products/{id}", {"id": product_id}
    return Call("PUT", path, _answer(Stored), ids=ids, params={"check": check}, json=body)


def patch_product(product_id: str, body: dict[str, Any], check: Check | None) -> Call[Stored]:
    path, ids = "/v1/products/{id}", {"id": product_id}
    return Call("PATCH", path, _answer(Stored), ids=ids, params={"check": check}, json=body)


def delete_product(product_id: str) -> Call[None]:
    return Call("DELETE", "/v1/products/{id}", lambda *_: None, ids={"id": product_id})


def put_products(products: Iterable[Mapping[str, Any]], check: Check | None) -> Call[BatchAnswer]:
    sent = [
        {"product_id": one["product_id"], **product_body(one.get("fields"), one.get("images"))} for one in products
    ]
    params = {"check": check}
    return Call("POST", "/v1/products/batch", _answer(BatchAnswer), params=params, json={"products": sent})


def begin_import(source: str | None, file: str | os.PathLike[str] | None, options: Mapping[str, Any]) -> Call[Job]:
    """Either what the server finds by itself, or a file that is sent to it."""
    if (source is None) == (file is None):
        raise ValueError("an import has a source or a file, and not both")
    given = {name: value for name, value in options.items() if value is not None}
    if file is None:
        return Call("POST", "/v1/imports", _answer(Job), json={"source": source, **given})
    form = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    return Call("POST", "/v1/imports", _answer(Job), data=form, upload=pathlib.Path(file))


def jobs(before: str | None, limit: int | None) -> Call[JobPage]:
    return Call("GET", "/v1/jobs", _answer(JobPage), params={"before": before, "limit": limit})


def job(job_id: str) -> Call[Job]:
    return Call("GET", "/v1/jobs/{id}", _answer(Job), ids={"id": job_id})


def cancel_job(job_id: str) -> Call[Job]:
    return Call("DELETE", "/v1/jobs/{id}", _answer(Job), ids={"id": job_id})


def job_failures(job_id: str, after: int | None, limit: int | None) -> Call[JobFailurePage]:
    params = {"after": after, "limit": limit}
    return Call("GET", "/v1/jobs/{id}/failures", _answer(JobFailurePage), ids={"id": job_id}, params=params)


def job_events(job_id: str) -> Call[Job]:
    """The stream's last event; what comes before it is read line by line with `job_of`."""
    return Call("GET", "/v1/jobs/{id}/events", _answer(Job), ids={"id": job_id})


def job_of(line: str) -> Job | None:
    """The job that a line of the stream of events carries; other lines are names of events and pauses."""
    return read(Job, json_text.loads(line.removeprefix("data:"))) if line.startswith("data:") else None

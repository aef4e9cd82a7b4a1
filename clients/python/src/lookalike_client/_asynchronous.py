"""The asynchronous client."""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import Any, AsyncIterator, Iterable, Literal, Mapping, Sequence, TypeVar

import httpx

from . import _calls
from ._calls import Call, Check, Crop, Format, Missing, Mode, Photo
from ._errors import error_of, retry_after
from ._notebook import Pictures
from ._types import (
    BatchAnswer,
    Catalog,
    CheckAnswer,
    Facets,
    Fields,
    Job,
    JobFailure,
    JobFailurePage,
    JobPage,
    Product,
    ProductPage,
    SearchAnswer,
    Stored,
)

T = TypeVar("T")


class AsyncLookalike:
    """Asks a lookalike server; the methods of `Lookalike`, to be awaited.

    `key` is an API key, where the server asks for one. Where it is busy (429, 503) a request is tried again up to `retries`
    times, after the pause that it asks for. Errors are `LookalikeError`s; a network's are httpx's.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        timeout: float = 60.0,
        retries: int = 2,
        verify: bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._retries = retries
        self._pictures = Pictures(base_url, headers, verify)
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=timeout, verify=verify, transport=transport
        )

    async def __aenter__(self) -> AsyncLookalike:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _send(self, call: Call[T]) -> T:
        for tries_left in range(self._retries, -1, -1):
            with call.arguments() as arguments:
                response = await self._http.request(call.method, call.path, **arguments)
            if response.status_code in (429, 503) and tries_left > 0:
                await asyncio.sleep(min(retry_after(response) or 1.0, 30.0))
                continue
            break
        if response.status_code >= 400:
            raise error_of(response)
        return call.made(response, self._pictures)

    async def check(
        self,
        image: Photo | None = None,
        *,
        image_url: str | None = None,
        image_id: str | None = None,
        product_id: str | None = None,
        crop: Crop | None = None,
        encoder: str | None = None,
        top: int | None = None,
        offset: int | None = None,
        min_percent: float | None = None,
        filter: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> CheckAnswer:
        """Is this photo already listed? `crop` is x, y, width and height in fractions of the upright picture."""
        asked = _calls.check(
            image=image, image_url=image_url, image_id=image_id, product_id=product_id, text=None, text_weight=None,
            crop=crop, encoder=encoder, top=top, offset=offset, mode=None, min_percent=min_percent, filter=filter,
            fold_by=None, fields=fields,
        )
        return await self._send(asked)

    async def search(
        self,
        image: Photo | None = None,
        *,
        text: str | None = None,
        text_weight: float | None = None,
        image_url: str | None = None,
        image_id: str | None = None,
        product_id: str | None = None,
        crop: Crop | None = None,
        encoder: str | None = None,
        top: int | None = None,
        offset: int | None = None,
        mode: Mode | None = None,
        min_percent: float | None = None,
        filter: str | None = None,
        fold_by: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> SearchAnswer:
        """What matches this picture, these words, or both?"""
        asked = _calls.search(
            image=image, image_url=image_url, image_id=image_id, product_id=product_id, text=text,
            text_weight=text_weight, crop=crop, encoder=encoder, top=top, offset=offset, mode=mode,
            min_percent=min_percent, filter=filter, fold_by=fold_by, fields=fields,
        )
        return await self._send(asked)

    async def catalog(self, samples: int | None = None) -> Catalog:
        """What is in the catalog, at a glance, with so many sample images."""
        return await self._send(_calls.catalog(samples))

    async def fields(self) -> Fields:
        """Which fields the products have."""
        return await self._send(_calls.fields())

    async def facets(
        self, fields: Sequence[str] | None = None, *, filter: str | None = None, values: int | None = None
    ) -> Facets:
        """How often values occur among the products that `filter` keeps."""
        return await self._send(_calls.facets(fields, filter, values))

    async def image(self, image_id: str, width: int | None = None, *, product_id: str | None = None) -> bytes:
        """A photo as it was indexed, or a JPEG of it that is `width` pixels wide; `product_id` says whose, where several
        products have an image of that id."""
        return await self._send(_calls.image(image_id, width, product_id))

    async def product(self, product_id: str) -> Product:
        """A product with its fields and images."""
        return await self._send(_calls.product(product_id))

    async def products_page(
        self, after: str | None = None, *, limit: int | None = None, filter: str | None = None
    ) -> ProductPage:
        """Products in the order of their ids, after this one."""
        return await self._send(_calls.products(after, limit, filter))

    async def products(self, *, filter: str | None = None, page: int = 500) -> AsyncIterator[Product]:
        """All products, asked for page by page."""
        after: str | None = None
        while True:
            found = await self.products_page(after, limit=page, filter=filter)
            for product in found.products:
                yield product
            if found.next is None:
                return
            after = found.next

    async def put_product(
        self,
        product_id: str,
        *,
        fields: Mapping[str, Any] | None = None,
        images: Iterable[Photo | Mapping[str, Any]] | None = None,
        check: Check | None = None,
    ) -> Stored:
        """Stores a product as just this. Images are photos, web addresses, or mappings as the server reads them."""
        body = _calls.product_body(fields, images)
        return await self._send(_calls.put_product(product_id, body, check))

    async def patch_product(
        self,
        product_id: str,
        *,
        fields: Mapping[str, Any] | None = None,
        images: Iterable[Photo | Mapping[str, Any]] | None = None,
        check: Check | None = None,
    ) -> Stored:
        """Changes a product: fields that are `None` go, others are set (RFC 7396); images are replaced where given."""
        body = _calls.product_body(fields, images)
        return await self._send(_calls.patch_product(product_id, body, check))

    async def delete_product(self, product_id: str) -> None:
        """Takes a product out of the catalog."""
        await self._send(_calls.delete_product(product_id))

    async def put_products(self, products: Iterable[Mapping[str, Any]], *, check: Check | None = None) -> BatchAnswer:
        """Stores many products, each with `product_id`, `fields` and `images`; each succeeds or fails for itself."""
        return await self._send(_calls.put_products(products, check))

    async def import_products(
        self,
        source: str | None = None,
        *,
        file: str | os.PathLike[str] | None = None,
        format: Format | None = None,
        map: str | None = None,
        image_base: str | None = None,
        image_separator: str | None = None,
        language: str | None = None,
        product_id: Literal["stem", "path"] | None = None,
        product_per_folder: bool | None = None,
        delete_missing: Missing | None = None,
        recheck_urls: bool | None = None,
    ) -> Job:
        """Begins to bring a source into the catalog: what the server finds on its disk or on the web, or a file of ours that is
        sent. Answers at once; `follow_job` tells how it goes on."""
        options = {
            "format": format, "map": map, "image_base": image_base, "image_separator": image_separator,
            "language": language, "product_id": product_id, "product_per_folder": product_per_folder,
            "delete_missing": delete_missing, "recheck_urls": recheck_urls,
        }
        return await self._send(_calls.begin_import(source, file, options))

    async def job(self, job_id: str) -> Job:
        """How far a job is."""
        return await self._send(_calls.job(job_id))

    async def jobs_page(self, before: str | None = None, *, limit: int | None = None) -> JobPage:
        """Jobs, the latest first, before this one."""
        return await self._send(_calls.jobs(before, limit))

    async def jobs(self, *, page: int = 100) -> AsyncIterator[Job]:
        """All jobs, the latest first, asked for page by page."""
        before: str | None = None
        while True:
            found = await self.jobs_page(before, limit=page)
            for job in found.jobs:
                yield job
            if found.next is None:
                return
            before = found.next

    async def follow_job(self, job_id: str) -> AsyncIterator[Job]:
        """The job as it goes on, several times a second at most, until it has ended; earlier where the server ends."""
        call = _calls.job_events(job_id)
        async with self._http.stream(call.method, call.path) as response:
            if response.status_code >= 400:
                await response.aread()
                raise error_of(response)
            async for line in response.aiter_lines():
                if (job := _calls.job_of(line)) is not None:
                    yield job

    async def cancel_job(self, job_id: str) -> Job:
        """Asks a job to stop; what it stored stays stored."""
        return await self._send(_calls.cancel_job(job_id))

    async def job_failures_page(self, job_id: str, after: int | None = None, *, limit: int | None = None) -> JobFailurePage:
        """What a job could not store, in its order, but for the first `after`."""
        return await self._send(_calls.job_failures(job_id, after, limit))

    async def job_failures(self, job_id: str, *, page: int = 1000) -> AsyncIterator[JobFailure]:
        """All that a job could not store, asked for page by page."""
        after: int | None = None
        while True:
            found = await self.job_failures_page(job_id, after, limit=page)
            for failure in found.failures:
                yield failure
            if found.next is None:
                return
            after = found.next

    async def is_ready(self) -> bool:
        """Whether the server can be asked now."""
        response = await self._http.get("/readyz")
        return response.status_code == 200

"""A client of lookalike, visual search over a product catalog.

    from lookalike_client import Lookalike

    shop = Lookalike("http://127.0.0.1:8000")
    answer = shop.check("photo.jpg")
    print(answer.verdict, answer.matches[0].product_id)

`AsyncLookalike` has the same methods to be awaited. In a notebook answers show their pictures.
"""

from ._asynchronous import AsyncLookalike
from ._blocking import Lookalike
from ._errors import Busy, Conflict, Invalid, LookalikeError, NotFound, Refused, ServerError
from ._types import (
    BatchAnswer,
    BatchResult,
    Catalog,
    CheckAnswer,
    Encoder,
    Facet,
    Facets,
    Field,
    Fields,
    Image,
    Job,
    JobFailure,
    JobFailurePage,
    JobNumbers,
    JobPage,
    Match,
    PhotoCheck,
    Product,
    ProductPage,
    Sample,
    SearchAnswer,
    Stored,
    Value,
)

__all__ = [
    "AsyncLookalike", "BatchAnswer", "BatchResult", "Busy", "Catalog", "CheckAnswer", "Conflict", "Encoder", "Facet",
    "Facets", "Field", "Fields", "Image", "Invalid", "Job", "JobFailure", "JobFailurePage", "JobNumbers", "JobPage",
    "Lookalike", "LookalikeError", "Match", "NotFound", "PhotoCheck", "Product", "ProductPage", "Refused", "Sample", "SearchAnswer", "ServerError", "Stored", "Value",
]

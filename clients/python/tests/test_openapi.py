"""The client beside the server's own description: neither changes without the other."""

import dataclasses
import inspect
import typing

import pytest

from lookalike_client import Lookalike, _calls, _types
from lookalike_client._types import name_of

# The schema of each dataclass.
SCHEMAS = {
    "Match": "MatchAnswer",
    "CheckAnswer": "CheckAnswer",
    "SearchAnswer": "SearchAnswer",
    "Encoder": "EncoderAnswer",
    "Sample": "Sample",
    "Catalog": "CatalogAnswer",
    "Field": "FieldAnswer",
    "Value": "ValueAnswer",
    "Fields": "FieldsAnswer",
    "Facets": "FacetsAnswer", "Facet": "FacetAnswer", "ValueCount": "ValueCount", "Product": "ProductAnswer",
    "Image": "ProductImage", "ProductPage": "ProductPage", "Stored": "StoredAnswer", "PhotoCheck": "PhotoCheck",
    "BatchAnswer": "BatchAnswer", "BatchResult": "BatchResult", "Job": "Job", "JobNumbers": "JobNumbers",
    "JobPage": "JobPage", "JobFailure": "JobFailure", "JobFailurePage": "JobFailurePage",
}


def properties(document, name):
    """A schema's properties and which of them are always there; of one that is put together, of all its parts."""
    schema = document["components"]["schemas"][name]
    parts, found, required = [schema], {}, set()
    while parts:
        part = parts.pop()
        if "$ref" in part:
            parts.append(document["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]])
        parts.extend(part.get("allOf", []))
        found.update(part.get("properties", {}))
        required.update(part.get("required", []))
    return found, required


def test_answers_have_the_fields_that_the_document_names(document):
    for kind, schema in SCHEMAS.items():
        fields = [one for one in dataclasses.fields(getattr(_types, kind)) if not one.metadata.get("local")]
        named, required = properties(document, schema)
        ours = {name_of(one) for one in fields}
        assert named.keys() <= ours, f"{kind} lacks {named.keys() - ours}"
        nothing = (dataclasses.MISSING, dataclasses.MISSING)
        needed = {name_of(one) for one in fields if (one.default, one.default_factory) == nothing}
        assert needed <= required, f"{kind} needs {needed - required}, which may be left out"


def calls():
    asked = dict.fromkeys(inspect.signature(_calls.question).parameters)
    return [
        _calls.search(**asked), _calls.check(**asked), _calls.catalog(1), _calls.fields(), _calls.image("a", 16, "b"),
        _calls.facets(["a"], "b=1", 3), _calls.product("a"), _calls.products("a", 1, "b=1"),
        _calls.put_product("a", {}, "warn"), _calls.patch_product("a", {}, "warn"), _calls.delete_product("a"),
        _calls.put_products([], "warn"), _calls.begin_import("a", None, {}), _calls.jobs("a", 1), _calls.job("a"),
        _calls.cancel_job("a"), _calls.job_events("a"), _calls.job_failures("a", 1, 1),
    ]


@pytest.mark.parametrize("call", calls(), ids=lambda call: f"{call.method} {call.template}")
def test_calls_are_in_the_document_with_their_parameters(document, call):
    path = document["paths"].get(call.template, {})
    assert call.method.lower() in path, f"there is no {call.method} {call.template}"
    operation = path[call.method.lower()]
    parameters = operation.get("parameters", []) + path.get("parameters", [])
    known = {one["name"] for one in parameters if one["in"] == "query"}
    assert call.params.keys() == known
    assert call.ids.keys() == {one["name"] for one in parameters if one["in"] == "path"}


def test_questions_can_say_all_that_the_document_names(document):
    question, _ = properties(document, "Question")
    ours = set(inspect.signature(_calls.question).parameters)
    assert question.keys() <= ours, f"lacking: {question.keys() - ours}"
    search = set(inspect.signature(Lookalike.search).parameters) - {"self"}
    assert search == ours


def test_imports_can_say_all_that_the_document_names(document):
    ours = set(inspect.signature(Lookalike.import_products).parameters) - {"self"}
    for schema in ("ImportRequest", "ImportForm"):
        named, _ = properties(document, schema)
        assert named.keys() <= ours, f"lacking: {named.keys() - ours}"
    formats = document["components"]["schemas"]["FormatName"]["enum"]
    assert set(typing.get_args(_calls.Format)) == set(formats)


def test_every_path_of_the_document_has_a_method_or_is_left_to_others(document):
    ours = {(call.method.lower(), call.template) for call in calls()}
    others = ("/find_similar", "/similarity-search", "/upload", "/postURL", "/postImage", "/healthz", "/readyz",
              "/metrics", "/openapi.json")
    for path, operations in document["paths"].items():
        for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
            assert (method, path) in ours or path.startswith(others), f"no method for {method} {path}"

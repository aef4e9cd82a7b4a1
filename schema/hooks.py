"""Puts things that exist into some of the requests that schemathesis makes, so that they get past the first check, and leaves out
requests that are wrong in its books alone.

The ids and the photo come from the catalog that run.py drew. Requests that are meant to be wrong are left alone.
"""

import json
import os
import random

import schemathesis

KNOWN = json.loads(os.environ["LOOKALIKE_SCHEMA_KNOWN"])
# Apart from the generator that cases come from, and the same in every run.
DRAWN = random.Random(11)
SUBJECTS = ("image", "image_url", "image_id", "product_id")


def is_meant_well(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    if not is_meant_well(case) or DRAWN.random() < 0.4:
        return
    if isinstance(case.path_parameters, dict) and "id" in case.path_parameters:
        kind = "products" if "/products" in case.path else "images"
        if DRAWN.random() < 0.7:
            case.path_parameters["id"] = DRAWN.choice(KNOWN[kind])
    body = case.body
    if not isinstance(body, dict):
        return
    if case.path in ("/v1/search", "/v1/check"):
        for name in SUBJECTS:
            body.pop(name, None)
        if case.media_type == "application/json" and DRAWN.random() < 0.3:
            body["image"] = KNOWN["photo"]
        else:
            kind = DRAWN.choice(("image_id", "product_id"))
            body[kind] = DRAWN.choice(KNOWN["images" if kind == "image_id" else "products"])
        # What goes with a picture alone does not go with words, and few texts are filters.
        if DRAWN.random() < 0.5:
            for name in ("text", "text_weight", "encoder"):
                body.pop(name, None)
        body.pop("filter", None)
        if DRAWN.random() < 0.3:
            body["filter"] = DRAWN.choice(("price < 50", "has(name)", "not color = red"))
    elif case.path == "/upload" and "photoData" in body:
        body["photoData"] = "data:image/jpeg;base64," + KNOWN["photo"]
    elif case.path == "/postImage" and "base64img" in body:
        body["base64img"] = KNOWN["photo"]


@schemathesis.hook
def filter_case(context, case):
    """A form says everything as text: an object or a list in it is no wrong type when it arrives, where a text is expected, and
    an empty text is how it says that nothing was given."""
    is_form = case.media_type == "multipart/form-data" and isinstance(case.body, dict)
    is_wrong = case.meta is not None and case.meta.generation.mode.is_negative
    is_other_as_text = lambda value: isinstance(value, dict | list) or value == ""
    return not (is_form and is_wrong and any(map(is_other_as_text, case.body.values())))

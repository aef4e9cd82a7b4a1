"""What people do with the client, against the real server."""

import asyncio
import io
import subprocess

import httpx
import pytest
from conftest import BINARY, Server

import lookalike_client
from lookalike_client import AsyncLookalike, Busy, Invalid, Lookalike, NotFound, Refused


def test_a_copy_is_found_however_the_photo_is_given(shop, copy_of):
    content = copy_of.read_bytes()
    answers = [shop.check(copy_of), shop.check(str(copy_of)), shop.check(content), shop.check(io.BytesIO(content))]
    assert {answer.verdict for answer in answers} <= {"edited_copy", "identical"}
    assert len({answer.matches[0].product_id for answer in answers}) == 1
    best = answers[0].matches[0]
    assert best.match_percent > 50 and best.class_ == answers[0].verdict and best.fields and best.evidence
    assert shop.image(best.image_id).startswith((b"\xff\xd8", b"\x89PNG"))
    assert len(shop.image(best.image_id, width=32)) < len(shop.image(best.image_id))


def test_products_are_searched_for_in_every_way(shop, copy_of):
    sample = shop.catalog(samples=1).samples[0]
    assert shop.search(product_id=sample.product_id, top=3).results[0].product_id == sample.product_id
    assert shop.search(image_id=sample.image_id, top=1).results[0].class_ == "identical"
    assert len(shop.search(copy_of, top=4, mode="similar").results) == 4
    words = shop.search(text=next(value for value in sample.fields.values() if isinstance(value, str)))
    assert words.matched_by in ("words", "vector") and words.results
    assert shop.search(copy_of, top=5, min_percent=100).results == []
    field = next(one for one in shop.fields().fields if one.values)
    kept = shop.search(copy_of, filter=f'{field.name}="{field.values[0].value}"', top=50).results
    assert kept and all(str(match.fields[field.name]) == str(field.values[0].value) for match in kept)


def test_what_is_wrong_is_told_as_what_it_is(shop, tmp_path):
    with pytest.raises(NotFound) as missing:
        shop.search(product_id="nobody")
    assert (missing.value.status, missing.value.code) == (404, "product_not_found")
    assert missing.value.request_id and "nobody" in str(missing.value)
    with pytest.raises(Invalid) as wrong:
        shop.check(b"no picture")
    assert wrong.value.code == "not_a_picture"
    with pytest.raises(Invalid) as filtered:
        shop.search(text="mug", filter="price <")
    assert isinstance(filtered.value.problem["offset"], int)
    with pytest.raises(FileNotFoundError):
        shop.check(tmp_path / "gone.jpg")
    with pytest.raises(TypeError):
        shop.check(io.StringIO("text"))


def test_an_id_may_hold_anything(shop):
    for image_id in ("a/b c?.jpg", "../../etc/passwd", "süß#1", "100%"):
        with pytest.raises(NotFound) as missing:
            shop.image(image_id)
        assert missing.value.code == "image_not_found"


def test_keys_open_what_they_may(drawn, tmp_path):
    keys = tmp_path / "keys.toml"
    catalog = str(drawn / "shop.lookalike")
    made = subprocess.run(
        [BINARY, "keys", "add", catalog, "--keys", str(keys)], check=True, capture_output=True, text=True
    )
    process = Server(drawn, "--keys", str(keys))
    try:
        with Lookalike(process.url, key="lk_00000000_wrong") as stranger, pytest.raises(Refused) as refused:
            stranger.catalog()
        assert refused.value.status == 401
        with Lookalike(process.url, key=made.stdout.strip()) as known:
            assert known.catalog().products == 12
    finally:
        process.stop()


def test_a_busy_server_is_asked_again_after_the_pause_it_wants():
    tries = []

    def answer(request):
        tries.append(request)
        if len(tries) < 3:
            return httpx.Response(503, headers={"retry-after": "0"}, json={"code": "busy", "detail": "later"})
        return httpx.Response(200, json={"verdict": "none", "matches": [], "encoder": "look-1", "took_ms": 1.0})

    with Lookalike(transport=httpx.MockTransport(answer), retries=2) as shop:
        assert shop.check(b"photo").verdict == "none"
    assert [b"photo" in request.content for request in tries] == [True] * 3, "the photo is sent every time"
    tries.clear()
    with Lookalike(transport=httpx.MockTransport(answer), retries=1) as shop, pytest.raises(Busy) as busy:
        shop.check(b"photo")
    assert busy.value.retry_after == 0 and len(tries) == 2


def test_many_ask_at_once(server, copy_of):
    async def ask():
        async with AsyncLookalike(server.url) as shop:
            answers = await asyncio.gather(*(shop.check(copy_of) for _ in range(6)))
            with pytest.raises(NotFound):
                await shop.search(product_id="nobody")
            return answers, await shop.is_ready()

    answers, is_ready = asyncio.run(ask())
    assert is_ready and len({answer.matches[0].product_id for answer in answers}) == 1


def test_answers_show_their_pictures_and_nothing_else(shop, server, copy_of):
    shown = shop.check(copy_of)._repr_html_()
    assert shown.count("<img") == len(shop.check(copy_of).matches) and 'src="data:image/jpeg;base64,' in shown
    assert shop.search(text="zzyzx")._repr_html_().count("<img") == 0
    hostile = lookalike_client.Match(
        product_id="<script>", image_id=None, match_percent=1.0, score=0.1, class_="none",
        fields={"name": '"><script>alert(1)</script>'}, image_url=None, evidence={},
    )
    answer = lookalike_client.SearchAnswer(results=[hostile], encoder=None, took_ms=1.0)
    assert "<script>" not in answer._repr_html_()
    # A server that is gone costs the pictures and not the cell.
    pictures = lookalike_client.Lookalike("http://127.0.0.1:9")._pictures
    best = shop.check(copy_of).matches[:1]
    gone = lookalike_client.CheckAnswer("none", best, "look-1", 1.0, pictures=pictures)
    assert 'src="http://127.0.0.1:9/v1/images/' in gone._repr_html_()

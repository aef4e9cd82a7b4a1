"""Whole sources brought into the catalog through the client, against the real server."""

import asyncio
import shutil

import pytest
from conftest import Server

from lookalike_client import AsyncLookalike, Invalid, Lookalike, NotFound


@pytest.fixture(scope="module")
def importing(drawn, tmp_path_factory):
    """A server over a catalog of its own, which imports change, and photos that are not in it."""
    folder = tmp_path_factory.mktemp("importing")
    shutil.copytree(drawn / "shop.lookalike", folder / "shop.lookalike")
    photos = folder / "photos"
    photos.mkdir()
    for number, photo in enumerate(sorted((drawn / "queries").glob("*.jpg"))[:3]):
        shutil.copy(photo, photos / f"{number}.jpg")
    server = Server(folder)
    yield server, photos
    server.stop()


def last(jobs):
    *_, job = jobs
    return job


def test_a_file_is_sent_followed_and_its_failures_are_told(importing, tmp_path):
    server, photos = importing
    table = tmp_path / "new products.csv"
    table.write_text("sku,photo,name\nA,0.jpg,Ünder\nB,gone.jpg,Lost\n", encoding="utf-8")
    with Lookalike(server.url) as shop:
        asked = shop.import_products(file=table, map="id=sku,image=photo", image_base=str(photos))
        assert asked.request["source"] == "new products.csv"
        job = last(shop.follow_job(asked.job_id))
        assert (job.job_id, job.state, job.has_ended) == (asked.job_id, "done", True)
        assert (job.products.new, job.images.failed, job.failures) == (1, 1, 1)
        [failure] = shop.job_failures(job.job_id)
        assert "gone.jpg" in failure.place and failure.reason
        assert shop.product("A").fields["name"] == "Ünder"
        assert shop.job(job.job_id) == shop.cancel_job(job.job_id) == job, "what has ended stays as it is"


def test_sources_on_the_servers_disk_are_listed_page_by_page(importing):
    server, photos = importing
    with Lookalike(server.url) as shop:
        first = last(shop.follow_job(shop.import_products(str(photos)).job_id))
        again = last(shop.follow_job(shop.import_products(str(photos), product_per_folder=False).job_id))
        assert (first.images.seen, again.images.unchanged) == (3, 3)
        listed = [job.job_id for job in shop.jobs(page=1)]
        assert listed[:2] == [again.job_id, first.job_id] and len(set(listed)) == len(listed)


def test_what_cannot_be_imported_is_told(importing, tmp_path):
    server, _ = importing
    with Lookalike(server.url) as shop:
        for wrong in ({}, {"source": "a", "file": "b"}):
            with pytest.raises(ValueError):
                shop.import_products(**wrong)
        with pytest.raises(FileNotFoundError):
            shop.import_products(file=tmp_path / "gone.csv")
        with pytest.raises(Invalid):
            shop.import_products("feed.xml", format="nonsense")
        failed = last(shop.follow_job(shop.import_products(str(tmp_path / "gone.csv")).job_id))
        assert failed.state == "failed" and "gone.csv" in failed.message
        for ask in (shop.job, shop.cancel_job, lambda job: list(shop.follow_job(job)), lambda job: list(shop.job_failures(job))):
            with pytest.raises(NotFound):
                ask("nobody")


def test_jobs_are_followed_while_other_questions_are_asked(importing):
    server, photos = importing

    async def ask():
        async with AsyncLookalike(server.url) as shop:
            job = await shop.import_products(str(photos), product_id="path")
            followed, catalog = await asyncio.gather(follow(shop, job.job_id), shop.catalog())
            assert [failure async for failure in shop.job_failures(job.job_id)] == []
            return followed, catalog, [job.job_id async for job in shop.jobs()]

    async def follow(shop, job_id):
        return [job async for job in shop.follow_job(job_id)][-1]

    job, catalog, listed = asyncio.run(ask())
    assert job.state == "done" and catalog.products >= 12 and listed[0] == job.job_id

"""Two people on one workspace: neither sees, nor touches, what is the other's."""

from __future__ import annotations

import pytest

from photogram.domain.task import TaskStatus
from photogram.errors import NotFound, NotYours
from photogram.studio import Batch, Generation, Topic


@pytest.fixture
def two(open_studio):
    ada, bob = open_studio("ada"), open_studio("bob")
    secret = ada.generate("a secret plan", n=2, topic="Ada's secrets").wait(10)
    ada.active_topic = "Ada's secrets"
    return ada, bob, secret


def handles(studio, batch: Batch) -> tuple[Batch, Generation, Topic]:
    """The other's rows in one's own hands, as if the ids had been guessed."""
    return Batch(studio, batch.record), Generation(studio, batch[0].id), Topic(studio, batch.topic_id)


def test_every_read_of_the_others_row_is_refused(two):
    _ada, bob, secret = two
    batch, generation, topic = handles(bob, secret)
    reads = {
        "studio.batch": lambda: bob.batch(secret.id),
        "studio.generation": lambda: bob.generation(secret[0].id),
        "studio.topic": lambda: bob.topic(secret.topic_id),
        "studio.df(topic)": lambda: bob.df(topic=secret.topic_id),
        "studio.df(Topic)": lambda: bob.df(topic=topic),
        "studio.active_topic = Topic": lambda: setattr(bob, "active_topic", topic),
        "studio.active_topic = id": lambda: setattr(bob, "active_topic", secret.topic_id),
        "batch.record": lambda: batch.record,
        "batch.df": batch.df,
        "batch.cost_usd": lambda: batch.cost_usd,
        "batch.settings": batch.settings,
        "batch.save_zip": batch.save_zip,
        "batch.wait": lambda: batch.wait(5),
        "batch html": batch._repr_html_,
        "generation.record": lambda: generation.record,
        "generation.status": lambda: generation.status,
        "generation.seed": lambda: generation.seed,
        "generation.path": lambda: generation.path,
        "generation.image": lambda: generation.image,
        "generation.asset": lambda: generation.asset,
        "generation.error": lambda: generation.error,
        "generation.save": generation.save,
        "generation html": generation._repr_html_,
        "topic.title": lambda: topic.title,
        "topic.images": lambda: topic.images,
        "topic.batches": topic.batches,
        "topic.df": topic.df,
        "topic html": topic._repr_html_,
    }
    let_through = []
    for name, read in reads.items():
        try:
            read()
        except NotYours:
            continue
        let_through.append(name)
    assert let_through == []


def test_every_change_of_the_others_row_is_refused_and_changes_nothing(two, dots):
    ada, bob, secret = two
    running = ada.generate("hold on", n=2)
    dots.started.wait(5)
    before = ada.df().drop(columns=["status"]).to_dict("records")
    let_through = []
    for owned in (secret, running):
        batch, generation, topic = handles(bob, owned)
        changes = {
            "batch.retry": batch.retry, "batch.cancel": batch.cancel, "batch.delete": batch.delete,
            "batch.undelete": batch.undelete, "generation.retry": generation.retry,
            "generation.cancel": generation.cancel, "generation.delete": generation.delete,
            "generation.undelete": generation.undelete, "generation.star": generation.star,
            "topic.rename": lambda topic=topic: topic.rename("Mine"), "topic.delete": topic.delete,
            "topic.undelete": topic.undelete, "topic.activate": topic.activate,
            "generate(topic)": lambda topic=topic: bob.generate("a cat", topic=topic),
            "generate(topic=id)": lambda topic=topic: bob.generate("a cat", topic=topic.id),
        }  # fmt: skip
        for name, change in changes.items():
            try:
                change()
            except NotYours:
                continue
            let_through.append(name)
    assert let_through == []
    assert [one.status for one in running] != [TaskStatus.CANCELLED] * 2
    dots.go.set()
    running.wait(10)
    assert ada.df().drop(columns=["status"])["generation_id"].tolist() == [row["generation_id"] for row in before]
    assert all(one.status is TaskStatus.SUCCESS for one in [*running, *secret])
    assert ada.topics()[0].title == "Ada's secrets"
    assert bob.df().empty


def test_neither_sees_the_other_anywhere(two):
    ada, bob, secret = two
    bobs = bob.generate("a harmless cat").wait(10)
    assert set(bob.df()["prompt"]) == {"a harmless cat"}
    assert set(ada.df()["prompt"]) == {"a secret plan"}
    assert bob.sql("select prompt from history")["prompt"].tolist() == ["a harmless cat"]
    assert bob.sql("select count(*) as n from history where prompt like '%secret%'")["n"].tolist() == [0]
    assert [topic.title for topic in bob.topics()] == ["Harmless cat"]
    assert [batch.id for batch in bob.batches()] == [bobs.id]
    assert "secret" not in str(bob._repr_mimebundle_())
    assert bob.wallet.balance_coins == 10_000
    assert bob.active_topic.id == bobs.topic_id
    with pytest.raises(NotFound):
        bob.topic("Ada's secrets")
    assert secret.topic_id not in {topic.id for topic in bob.topics()}


def test_the_same_title_is_another_topic_for_another_user(two):
    _, bob, secret = two
    assert bob.generate("a cat", topic="Ada's secrets").topic_id != secret.topic_id


def test_a_name_that_is_sql_is_just_a_name(open_studio):
    evil = open_studio("' OR 1=1 --")
    open_studio("ada").generate("a secret plan").wait(10)
    assert evil.df().empty
    assert evil.sql("select * from history").empty
    assert evil.generate("a cat").wait(10)[0].status is TaskStatus.SUCCESS
    assert len(evil.df()) == 1


@pytest.mark.parametrize(
    "query",
    [
        "select getvariable('photogram_user')", "set variable photogram_user = 'ada'",
        "select * from generations", "select * from main.batches", "from duckdb_views()",
        "select * from query('select * from batches')", "select * from query_table('batches')",
    ],
)  # fmt: skip
def test_sql_cannot_become_another_user(two, query):
    from photogram.errors import QueryRefused

    _, bob, _ = two
    with pytest.raises(QueryRefused):
        bob.sql(query)


def test_resume_sends_only_ones_own(open_studio, dots):
    ada, bob = open_studio("ada"), open_studio("bob")
    ada.generate("hold on", n=3)
    dots.started.wait(5)
    ada.close()
    bob.close()
    bob = open_studio("bob")
    assert bob.resume() == []
    ada = open_studio("ada")
    assert len(ada.resume()) == 1
    dots.go.set()
    ada.batches()[0].wait(10)

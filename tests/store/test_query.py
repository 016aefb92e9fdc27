"""The user's SQL: what is allowed works, everything else is refused with a word of help."""

from __future__ import annotations

import threading
import time

import pandas as pd
import pytest

from photogram.errors import QueryInterrupted, QueryRefused
from photogram.store import Cursor, Store

from .workers import SLOW


def fill(cur: Cursor) -> None:
    """Two users with one topic and one image each."""
    for user in ("ana", "bob"):
        cur.execute(
            "INSERT INTO topics (id, user_id, title, title_source, last_activity_at, created_at) "
            "VALUES (?, ?, ?, 'user', now()::TIMESTAMP, now()::TIMESTAMP)",
            [f"top_{user}", user, f"{user}'s topic"],
        )
        cur.execute(
            "INSERT INTO batches (id, topic_id, user_id, provider, model, prompt, params_requested, n, created_at) "
            "VALUES (?, ?, ?, 'sketch', ?, ?, '{}', 1, now()::TIMESTAMP)",
            [f"bat_{user}", f"top_{user}", user, f"model of {user}", f"secret of {user}"],
        )
        cur.execute(
            "INSERT INTO generations (id, batch_id, user_id, idx, seed, task_id, asset_sha256, cost_micros) "
            "VALUES (?, ?, ?, 0, 7, ?, ?, 1500)",
            [f"gen_{user}", f"bat_{user}", user, f"tsk_{user}", "ab" * 32],
        )
        cur.execute(
            "INSERT INTO tasks "
            "(id, generation_id, batch_id, user_id, provider, attempt, status, params_sent, created_at) "
            "VALUES (?, ?, ?, ?, 'sketch', 1, 'success', '{\"seed\": 7}', now()::TIMESTAMP)",
            [f"tsk_{user}", f"gen_{user}", f"bat_{user}", user],
        )
    cur.execute("INSERT INTO assets VALUES (?, 'image/png', 8, 8, 100, now()::TIMESTAMP)", ["ab" * 32])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory):
    store = Store.open(tmp_path_factory.mktemp("workspace"))
    store.write(fill).result(timeout=20)
    yield store
    store.close()


def ask(store: Store, sql: str, parameters: object = None, user_id: str = "ana") -> pd.DataFrame:
    return store.query(sql, parameters, user_id=user_id).result(timeout=60)  # type: ignore[arg-type]


ALLOWED = [
    "select * from history",
    "SELECT model, sum(cost_usd) FROM history GROUP BY ALL",
    "from history",
    "from main.history select prompt limit 5",
    "select history.prompt from history",
    "select * from History",
    'select * from "HISTORY" h',
    "select 1;",
    "-- a comment\nselect /* another */ 1",
    "with history as (select * from history where idx >= 0) select count(*) from history",
    "with tasks as (select prompt from history) select * from tasks",
    "with a as (from history), b as (from a) select count(*) from a join b using (batch_id)",
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r",
    "with a as materialized (from history) select * from a where idx in (select idx from a)",
    "select * from (with a as (from history) from a) x",
    "select * from history where batch_id in (select batch_id from history) and exists (from history)",
    "select unnest(refs), unnest([1, 2]) from history",
    "select * from range(5) t(i), generate_series(1, 3), unnest([1, 2])",
    "select * from history h, lateral (select h.idx + 1)",
    "select params->>'seed', json_extract(params, '$.seed') from history",
    "select key, value from history, json_each(params)",
    "values (1), (2)",
    "select * from (values (1)) v(x)",
    "select prompt from history union all select model from history order by 1 limit 1 offset 1",
    "select count(*) filter (where status = 'success') as ok, count(*) over () from history group by status",
    "select row_number() over (partition by model order by created_at) from history qualify true",
    "select date_trunc('day', created_at), median(run_s) from history group by rollup (1)",
    "select columns('.*_id') from history",
    "select * exclude (prompt) replace (upper(model) as model) from history",
    "select list_transform([1, 2], lambda x: x + 1), {'a': 1}.a, [x for x in [1, 2] if x > 1]",
    "select case when idx = 0 then 'a' end, idx between 0 and 1, prompt like '%a%', prompt ilike 'x' from history",
    "select * from history positional join range(1)",
    "select * from history using sample 10%",
    "select * from history asof join history h2 using (created_at)",
    "select distinct on (model) model, prompt from history order by model, created_at",
    "describe history",
    "describe select * from history",
    "summarize history",
    "explain select * from history",
    "explain (format json) select * from history",
    "EXPLAIN -- why\n select 1",
    "select now(), current_date, uuid(), version(), random()",
    "unpivot (select idx, seed from history) on columns(*)",
]

REFUSED = [
    "",
    ";",
    "-- nothing",
    "insert into topics (id) values ('x')",
    "update topics set title = 'x'",
    "delete from topics",
    "drop table topics",
    "drop view history",
    "truncate topics",
    "create table x (i int)",
    "create temp table x as from history",
    "create view v as from tasks",
    "create macro m(x) as x",
    "alter table topics rename to t",
    "select 1; select 2",
    "rollback; drop table topics",
    "commit",
    "begin",
    "with x as (insert into topics (id) values ('x') returning id) select * from x",
    "with x as (delete from topics returning id) select * from x",
    "with x as (update topics set title = 'x' returning id) select * from x",
    "explain analyze select 1",
    "explain analyze insert into topics (id) values ('x')",
    "explain drop table topics",
    "explain (analyze) select 1",
    "explain select * from tasks",
    "explain explain select 1",
    "copy history to 'x.csv'",
    "copy (select 1) to 'x.csv'",
    "copy topics from 'x.csv'",
    "export database 'x'",
    "import database 'x'",
    "attach 'x.duckdb'",
    "detach workspace",
    "use memory",
    "checkpoint",
    "vacuum",
    "analyze",
    "set threads = 1",
    "set variable photogram_user = 'bob'",
    "reset threads",
    "reset variable photogram_user",
    "pragma table_info('tasks')",
    "pragma database_list",
    "call pragma_version()",
    "install fts",
    "load fts",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "connect 'x'",
    "show tables",
    "show all tables",
    "show databases",
    "describe tasks",
    "summarize tasks",
    "describe",
    "select * from tasks",
    "from tasks",
    "table tasks",
    "select * from main.tasks",
    "select * from workspace.tasks",
    "select * from workspace.main.history",
    "select * from memory.main.tasks",
    "select * from temp.history",
    'select * from "tasks"',
    "select * from TASKS",
    "select * from information_schema.tables",
    "select * from duckdb_tables",
    "select * from duckdb_tables()",
    "select * from pg_catalog.pg_class",
    "select * from sqlite_master",
    "select * from duckdb_settings()",
    "select * from duckdb_secrets()",
    "select * from duckdb_variables()",
    "select * from duckdb_views",
    "select * from pragma_table_info('tasks')",
    "select * from query('select * from tasks')",
    "select * from query_table('tasks')",
    "select * from query_table(['tasks'])",
    "select * from seq_scan('tasks')",
    "select * from json_execute_serialized_sql(json_serialize_sql('select * from tasks'))",
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from 'x.parquet'",
    "select * from read_text('history.duckdb')",
    "select * from glob('*')",
    "select * from sniff_csv('x')",
    "select * from parquet_metadata('x')",
    "select * from read_duckdb('history.duckdb')",
    "select * from which_secret('x', 's3')",
    "select * from duckdb_logs",
    "select * from test_all_types()",
    "select * from arrow_scan(1, 2, 3)",
    "select * from pandas_scan(1)",
    "select * from python_map_function(1)",
    "select * from history where idx in (select idx from tasks)",
    "select (select count(*) from tasks)",
    "select exists (from tasks)",
    "select * from history, tasks",
    "select * from history join tasks on true",
    "select * from (select * from tasks)",
    "select * from history where idx = any (select attempt from tasks)",
    "with tasks as (select * from tasks) select * from tasks",
    "with a as (select * from b), b as (select 1) select * from a",
    "with tasks as (select 1) select * from main.tasks",
    "with a as (with tasks as (select 1) from tasks) select * from tasks",
    "select * from (with tasks as (select 1) from tasks) x, tasks",
    "with recursive tasks as (select * from history) select * from ledger",
    "with duckdb_tables as (select * from duckdb_tables) select * from duckdb_tables",
    "select * from history union select * from tasks",
    "(from history) except (from tasks)",
    "select * from history order by (select count(*) from tasks)",
    "select * from history limit (select 1 from tasks)",
    "select [x for x in (select list(id) from tasks)]",
    "select list_transform([1], lambda x: (select 1 from tasks))",
    "select sum(idx) filter (where exists (from tasks)) from history",
    "select sum(idx) over (order by (select 1 from tasks)) from history",
    "values ((select id from tasks))",
    "select * from unnest((select list(id) from tasks))",
    "select * from range((select count(*) from tasks))",
    "select getvariable('photogram_user')",
    "select current_setting('threads')",
    "select getenv('HOME')",
    "select nextval('revision')",
    "select currval('revision')",
    "select setseed(0.5)",
    "select write_log('x')",
    "select sleep_ms(1)",
    "select pg_sleep(1)",
    "select current_query()",
    "select json_serialize_plan('select * from tasks')",
    "select json_serialize_sql('select 1')",
    "select pg_get_viewdef(1)",
    "select has_table_privilege('tasks', 'select')",
    "select in_search_path('a', 'b')",
    "select system.main.getvariable('photogram_user')",
    "select 'threads'.current_setting()",
    "pivot history on model using sum(cost_usd)",
    "select * from (pivot history on model using sum(cost_usd))",
    "select nothing from history",
    "select frm history",
    "select * from history where",
    "select no_function(1)",
    "select 'x'::INTEGER",
]


@pytest.mark.parametrize("sql", ALLOWED)
def test_it_is_allowed(store: Store, sql: str) -> None:
    assert isinstance(ask(store, sql), pd.DataFrame)


@pytest.mark.parametrize("sql", REFUSED)
def test_it_is_refused(store: Store, sql: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        ask(store, sql)
    assert caught.value.message


def test_a_refusal_names_what_there_is(store: Store) -> None:
    with pytest.raises(QueryRefused, match=r"no view 'tasks'.*There is: history"):
        ask(store, "select * from tasks")
    with pytest.raises(QueryRefused, match=r"DROP.*One SELECT over history"):
        ask(store, "drop table topics")
    with pytest.raises(QueryRefused, match=r"PIVOT.*FILTER.*pivot_table"):
        ask(store, "pivot history on model using sum(cost_usd)")
    with pytest.raises(QueryRefused, match=r'column "nothing" not found(?s:.*)prompt'):
        ask(store, "select nothing, prompt from history")


def test_a_user_sees_only_their_own_rows_with_absolute_paths(store: Store) -> None:
    for user in ("ana", "bob"):
        frame = ask(store, "select * from history", user_id=user)
        assert frame["prompt"].to_list() == [f"secret of {user}"]
        assert frame["path"].to_list() == [str(store.workspace / "images" / "ab" / f"{'ab' * 32}.png")]
        assert frame["cost_usd"].to_list() == [0.0015]
    assert ask(store, "select * from history", user_id="eve").empty
    for sql in ("with generations as (select 1), tasks as (select 2) select * from history",):
        assert ask(store, sql, user_id="bob")["prompt"].to_list() == ["secret of bob"], "a CTE reaches into no view"


def test_parameters(store: Store) -> None:
    assert ask(store, "select ? + ? as n", [1, 2])["n"].to_list() == [3]
    assert ask(store, "select $a || $b as n", {"a": "x", "b": "y"})["n"].to_list() == ["xy"]
    assert ask(store, "select ? as n", ["'; drop table topics; --"])["n"].to_list() == ["'; drop table topics; --"]
    for sql, parameters in (("select ?", None), ("select ?", [1, 2]), ("select $a", {"b": 1}), ("select 1", [1])):
        with pytest.raises(QueryRefused):
            ask(store, sql, parameters)
    with pytest.raises(QueryRefused):
        ask(store, "select ?", [object()])


def test_python_variables_are_out_of_reach(store: Store) -> None:
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(QueryRefused, match="no view 'frame'"):
        ask(store, "select * from frame")
    assert len(frame) == 1


def test_the_time_limit_stops_it_and_says_so(store: Store) -> None:
    with pytest.raises(QueryInterrupted, match=r"time limit of 0\.3 s"):
        store.query(SLOW, user_id="ana", time_limit_s=0.3).result(timeout=20)


def test_it_can_be_interrupted_before_and_while_it_runs(store: Store) -> None:
    running = store.query(SLOW, user_id="ana", time_limit_s=60)
    also = store.query(SLOW, user_id="ana", time_limit_s=60)
    waiting = store.query(SLOW, user_id="ana", time_limit_s=60)
    time.sleep(0.3)
    waiting.interrupt()
    assert waiting.cancelled()
    for query in (running, also):
        query.interrupt()
        with pytest.raises(QueryInterrupted, match="was stopped"):
            query.result(timeout=10)


def test_a_slow_query_keeps_neither_writes_nor_reads_waiting(store: Store) -> None:
    queries = [store.query(SLOW, user_id="ana", time_limit_s=60) for _ in range(2)]
    time.sleep(0.2)
    store.write(lambda cur: None).result(timeout=10)
    store.read(lambda cur: None).result(timeout=10)
    assert not any(query.done() for query in queries)
    for query in queries:
        query.interrupt()
    for query in queries:
        query.exception(timeout=10)


def test_interrupting_from_many_threads_at_once_is_harmless(store: Store) -> None:
    for _ in range(20):
        query = store.query("select sum(i) as n from range(2000000) t(i)", user_id="ana")
        threads = [threading.Thread(target=query.interrupt) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not query.cancelled():
            assert query.exception(timeout=10) is None or isinstance(query.exception(), QueryInterrupted)
    assert ask(store, "select 1 as n")["n"].to_list() == [1]

"""What a kernel runs to have a provider that errs as it is told, and batches of its model in every state."""

from __future__ import annotations

from pathlib import Path

TESTS = str(Path(__file__).parents[1])
LOOPBACK = f"""
import sys
sys.path.insert(0, {TESTS!r})
from faulty.adapter import LoopbackAdapter
from faulty.server import Reply, Server, retry_later
server = Server()
studio._engine.registry.add(LoopbackAdapter(server.url, price_micros={{price}}))
studio.keys["loopback"] = "key-of-nobody"
topic = studio.new_topic("Trials")

def ask(prompt, n=1, submit=lambda count: None, poll=lambda count: None):
    server.on_submit, server.on_poll = submit, poll
    return studio.generate(prompt, model="loopback:img", n=n)
"""
WORKING = """lambda count: Reply(body=b'{"status": "working", "progress": 0.4, "queue": 2}')"""

STATES = f"""
ask("too many", submit=lambda count: retry_later(0)).wait(60)
ask("indecent", submit=lambda count: (200, {{}}, b'{{"refused": true}}')).wait(60)
ask("broken", n=2, submit=lambda count: (500, {{}}, b"oops")).wait(60)
ask("vanished", submit=lambda count: "cut").wait(60)
stopped = ask("unwanted", poll={WORKING})
going = ask("in line", poll={WORKING})
"""
"""One batch in each way of not being made, and two that go on: `stopped` and `going`."""

SLOW = """
def age(cur, batch_id, seconds):
    cur.execute("UPDATE tasks SET created_at = created_at - to_seconds(?), revision = nextval('revision') "
                "WHERE batch_id = ?", [seconds, batch_id])
studio._write(age, going.id, 45.0)
from photogram.domain.events import Event, EventKind
studio._engine.thread.call(studio._engine.bus.publish, Event(kind=EventKind.BATCH, user_id=studio.user))
"""
"""Makes `going` 45 s older, which is slow."""

LATE = """
def outlast(cur):
    cur.execute("UPDATE tasks SET error_kind = 'deadline', revision = nextval('revision') WHERE status = 'lost'")
studio._write(outlast)
from photogram.domain.events import Event, EventKind
studio._engine.thread.call(studio._engine.bus.publish, Event(kind=EventKind.BATCH, user_id=studio.user))
"""
"""Makes what is lost something that missed its deadline."""

GLIMPSE = """
import io
from PIL import Image
seen = io.BytesIO()
Image.new("RGB", (96, 64), "teal").save(seen, "WEBP")
studio._engine.glimpses = lambda ids: {one: seen.getvalue() for one in ids}
"""
"""Shows something of what is being drawn."""

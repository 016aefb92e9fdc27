"""`photogram topics`: list, rename and delete topics."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .options import add_common
from .output import plain, print_json, print_table

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command and what it can do to one topic."""
    parser = commands.add_parser("topics", help="list, rename and delete topics", description=list_topics.__doc__)
    add_common(parser)
    parser.set_defaults(run=list_topics)
    actions = parser.add_subparsers(metavar="ACTION")

    rename = actions.add_parser("rename", help="give a topic another title", description=rename_topic.__doc__)
    rename.add_argument("topic", metavar="TOPIC", help="its title or id")
    rename.add_argument("title", metavar="TITLE", help="the new title")
    add_common(rename, nested=True)
    rename.set_defaults(run=rename_topic)

    delete = actions.add_parser("delete", help="delete a topic with its images", description=delete_topic.__doc__)
    delete.add_argument("topic", metavar="TOPIC", help="its title or id")
    add_common(delete, nested=True)
    delete.set_defaults(run=delete_topic)


def list_topics(options: argparse.Namespace) -> int:
    """Lists topics, the one used last first."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        rows = [
            {
                "id": record.id,
                "title": record.title,
                "images": record.images,
                "batches": record.batches,
                "created_at": record.created_at,
                "last_activity_at": record.last_activity_at,
            }
            for record in (topic.record for topic in studio.topics())
        ]
    if options.json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        print('No topics yet: photogram generate "a lighthouse at dusk"')
    return 0


def rename_topic(options: argparse.Namespace) -> int:
    """Gives a topic another title."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        topic = studio.topic(options.topic)
        before = topic.title
        topic.rename(options.title)
        if options.json:
            print_json({"id": topic.id, "title": topic.title})
        else:
            print(f"“{plain(before)}” is now “{plain(topic.title)}”.")
    return 0


def delete_topic(options: argparse.Namespace) -> int:
    """Deletes a topic with its images; running work is cancelled first. Files stay for 7 days."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        topic = studio.topic(options.topic)
        title = topic.title
        images = topic.delete()
        if options.json:
            print_json({"id": topic.id, "title": title, "deleted_images": images})
        else:
            print(f"“{plain(title)}” and its {images} images are deleted; the files stay for 7 days.")
    return 0

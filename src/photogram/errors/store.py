"""Why the workspace could not be used."""

from __future__ import annotations

from .base import PhotogramError


class StoreError(PhotogramError):
    """The workspace could not be read or written."""


class StoreBusy(StoreError):
    """Another process held the workspace's file for longer than we wait (30 s unless set)."""


class StoreForked(StoreError):
    """This process was forked from the one that opened the store."""

    default_next_step = "Make a new Studio() in the child process."


class StorageFailed(StoreError):
    """The disk refused: full, read-only or broken."""


class FileMissing(StorageFailed):
    """A file that was stored is not there any more: somebody else removed it."""

    default_next_step = "Find out what removes files from the workspace (a cleaner, a synchronisation), then retry."


class SchemaTooNew(StoreError):
    """The workspace was written by a newer Photogram."""

    default_next_step = "Upgrade: pip install -U photogram."


class QueryInterrupted(StoreError):
    """A query was stopped: by Ctrl-C, its time limit, or another process that needed the file."""


class StoreClosed(StoreError):
    """The store was closed while, or before, it was asked."""

    default_next_step = "Make a new Studio()."

"""The workspace's database and files: the only place with SQL."""

from .db import Cursor
from .files import FileStore, LocalFiles
from .query import PendingQuery
from .store import Store

__all__ = ["Cursor", "FileStore", "LocalFiles", "PendingQuery", "Store"]

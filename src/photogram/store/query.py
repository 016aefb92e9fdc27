"""The user's own SQL: one SELECT over the documented views, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import duckdb

from ..errors import QueryRefused
from .db import BROKEN, Cursor
from .desk import Lease
from .guard import check_statement
from .keeper import Keeper
from .readers import read

if TYPE_CHECKING:
    import pandas as pd


class PendingQuery(Future["pd.DataFrame"]):
    """A query that is waiting or running; its result is a pandas DataFrame.

    Args:
        sql: The statement.
        parameters: For its `?` or `$name`.
        user_id: Whose rows it sees.
        home: The workspace, for absolute paths.
        time_limit_s: How long a run may take.
    """

    def __init__(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        *,
        user_id: str,
        home: str,
        time_limit_s: float,
    ) -> None:
        super().__init__()
        self._sql = sql
        self._parameters = parameters
        self._user_id = user_id
        self._home = home
        self._time_limit_s = time_limit_s
        self._guard = threading.Lock()
        self._lease: Lease | None = None
        self._unwanted = False

    def interrupt(self) -> None:
        """Stops it: the result is then QueryInterrupted, or the future is cancelled if it had not begun. Any thread."""
        with self._guard:
            self._unwanted = True
            lease = self._lease
        if lease is not None:
            lease.stop("user")
        else:
            self.cancel()

    def run(self, keeper: Keeper, *, since: float) -> pd.DataFrame:
        """Runs it on this thread, which is one of the store's own; `since` as for `read`."""
        return read(keeper, self._select, since=since, limit_s=self._time_limit_s, told=self._told)

    def _told(self, lease: Lease) -> None:
        with self._guard:
            self._lease = lease
            if self._unwanted:
                lease.stopped_for = "user"

    def _select(self, cursor: Cursor) -> pd.DataFrame:
        try:
            statement = check_statement(cursor, self._sql)
            cursor.execute("SET VARIABLE photogram_user = ?", [self._user_id])
            cursor.execute("SET VARIABLE photogram_home = ?", [self._home])
            return cursor.execute(statement, self._parameters).df()
        except BROKEN:
            raise
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise QueryRefused(str(error), next_step="") from error
        except (RuntimeError, ValueError, TypeError) as error:  # parameters that do not fit
            raise QueryRefused(str(error), next_step="") from error

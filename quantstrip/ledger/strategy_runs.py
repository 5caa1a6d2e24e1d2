"""Strategy runs: one strategy over one feed with one set of parameters, and its equity."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import bindparam, or_, select, text, update
from sqlalchemy.dialects.sqlite import insert

from quantstrip.clock import Micros, to_text
from quantstrip.errors import UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.names import strategy_id_of
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import strategy, strategy_equity, strategy_run

_R = strategy_run.c
_INSERT = Insert(strategy_run, keyed=True)
_ONE = Statement(
    lambda: (
        select(strategy_run, strategy.c.name.label("strategy"))
        .join(strategy, strategy.c.strategy_id == _R.strategy_id)
        .where(_R.run_key == bindparam("key"))
    )
)
_LIST = Statement(
    lambda: (
        select(strategy_run, strategy.c.name.label("strategy"))
        .join(strategy, strategy.c.strategy_id == _R.strategy_id)
        .where(_R.current >= bindparam("least"), or_(bindparam("mode").is_(None), _R.mode == bindparam("mode")))
        .order_by(_R.strategy_run_id)
    )
)
_OTHERS = Statement(
    lambda: update(strategy_run)
    .where(
        _R.strategy_id == bindparam("of_strategy"), _R.mode == bindparam("of_mode"),
        _R.strategy_run_id != bindparam("this"),
        _R.current == 1,
    )
    .values(current=0)
)  # fmt: skip
_THIS = Statement(
    lambda: update(strategy_run).where(_R.strategy_run_id == bindparam("this"), _R.current == 0).values(current=1)
)
_PROGRESS = Statement(
    lambda: update(strategy_run)
    .where(
        _R.strategy_run_id == bindparam("this"), or_(_R.feed_time.is_(None), _R.feed_time <= bindparam("until")),
    )
    .values(
        feed_time=bindparam("until"), feed_date=bindparam("day"), last_equity=bindparam("equity"),
        update_time=bindparam("now")
    )
)  # fmt: skip
_POINT = Statement(
    lambda: insert(strategy_equity).values({c.name: None for c in strategy_equity.c}).on_conflict_do_nothing()
)

_DAY = Statement(
    lambda: text(
        "INSERT INTO equity_day (strategy_run_id, trade_date, event_time, equity) "
        "VALUES (:strategy_run_id, :trade_date, :event_time, :equity) ON CONFLICT (strategy_run_id, trade_date) "
        "DO UPDATE SET event_time = excluded.event_time, equity = excluded.equity "
        "WHERE excluded.event_time > equity_day.event_time"
    )
)


def write_equity(
    tx: Transaction,
    run_id: int,
    points: Sequence[tuple[Micros, float]],
    session_of: Callable[[str], str] = lambda moment: moment[:10],
) -> dict[str, Micros]:
    """Write equity points that are not there yet, the last one of each session, and how far the run has come.

    ``session_of`` gives the date of the session that a moment belongs to; its UTC date where no calendar is known.
    Returns the last moment of each session.
    """
    last: dict[str, dict[str, Any]] = {}
    ends: dict[str, Micros] = {}
    for moment, equity in sorted(points):
        row: dict[str, Any] = {"strategy_run_id": run_id, "event_time": to_text(moment), "equity": equity}
        tx.run(_POINT, row)
        session = session_of(row["event_time"])
        last[session], ends[session] = row, moment
    for session, row in last.items():
        tx.run(_DAY, row | {"trade_date": session})
    newest = list(last)[-1]
    reached = {"until": last[newest]["event_time"], "day": newest, "equity": last[newest]["equity"]}
    tx.run(_PROGRESS, reached | {"this": run_id, "now": tx.now})
    return ends


class StrategyRuns(Family):
    """Strategy runs and their equity."""

    def open_strategy_run(
        self,
        key: str,
        client: str,
        strategy: str,
        mode: str,
        account: str,
        code_hash: str,
        parameters: dict[str, Any],
        feed: str,
        initial_cash: float,
    ) -> dict[str, Any]:
        """Begin a strategy run, or go on with the one of this key: its row, with the first ``started`` wall time.

        The strategy's other runs of this mode are no longer current. Replays and simulations need an account of their
        own each, so that their positions never mix; it is named after the key where ``account`` is empty.
        """
        chosen = str(validate.mode(mode))
        row: dict[str, Any] = {
            "run_key": validate.words("key", key),
            "client": client,
            "mode": chosen,
            "account": account or f"{chosen}-{key[:8]}",
            "code_hash": code_hash,
            "parameters": validate.to_json("parameters", parameters) or "{}",
            "feed": feed,
            "initial_cash": validate.positive("initial_cash", initial_cash),
            "current": 1,
        }
        with self.store.write() as tx:
            row |= {"strategy_id": strategy_id_of(tx, strategy), "started": tx.now, "update_time": tx.now}
            tx.insert(_INSERT, row)
            run = tx.dicts(_ONE, {"key": key})[0]
            this = {"this": run["strategy_run_id"], "of_strategy": run["strategy_id"], "of_mode": run["mode"]}
            tx.run(_OTHERS, this)
            tx.run(_THIS, this)
        return self._row(_ONE, key=key) or {}

    def record_equity(self, key: str, points: Sequence[tuple[Micros, float]]) -> None:
        """Keep equity points (moment on the feed's clock, money); points that are there already stay.

        Raises:
            UnknownRecord: no such run.
            InvalidRecord: an equity is not a finite number.

        """
        checked = [(moment, validate.finite("equity", equity)) for moment, equity in points]
        with self.store.write(durable=False) as tx:
            run = tx.first(_ONE, {"key": key})
            if run is None:
                raise UnknownRecord(f"no strategy run has the key {key!r}", hint="open_strategy_run begins one.")
            if checked:
                write_equity(tx, run["strategy_run_id"], checked)

    def strategy_runs(self, *, current_only: bool = True, mode: str | None = None) -> list[dict[str, Any]]:
        """Strategy runs, oldest first."""
        return self._rows(_LIST, least=1 if current_only else 0, mode=mode)

    def strategy_run(self, key: str) -> dict[str, Any] | None:
        """The run of a key, or None."""
        return self._row(_ONE, key=key)

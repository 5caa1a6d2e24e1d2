"""How results name moments: by the label of the bar, as its file writes it."""

from collections.abc import Mapping

import numpy as np

from quantstrip.bars import BarTable, label_text
from quantstrip.clock import Micros, to_text


class Labels:
    """Finds the bar that a fill or a decision belongs to, for each symbol of a run."""

    def __init__(self, tables: Mapping[str, BarTable]) -> None:
        self.tables = tables

    def of(self, symbol: str, ts: Micros) -> str:
        """Label of the bar of ``symbol`` that closes at ``ts`` or next after it: a date, or its start in UTC.

        A symbol without bars in the run is labelled by another one's, one that closes at ``ts`` where there is such:
        the moment of a decision.
        """
        table = self.tables.get(symbol)
        if table is None:
            places = [(_row(each, ts), each) for _, each in sorted(self.tables.items()) if len(each)]
            if not places:
                return to_text(ts)
            _, table = next((place for place in places if int(place[1].ts[place[0]]) == ts), places[0])
        return label_text(table.timeframe, int(table.label[_row(table, ts)]))


def _row(table: BarTable, ts: Micros) -> int:
    return min(int(np.searchsorted(table.ts, ts)), len(table) - 1)

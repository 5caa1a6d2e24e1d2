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

        A symbol without bars in the run is named by the moment itself.
        """
        table = self.tables.get(symbol)
        if table is None:
            return to_text(ts)
        row = min(int(np.searchsorted(table.ts, ts)), len(table) - 1)
        return label_text(table.timeframe, int(table.label[row]))

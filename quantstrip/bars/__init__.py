"""Bars: reading, checking, resampling, and building them from ticks. Imports numpy, and pandas only with a calendar."""

from quantstrip.bars.checks import Gaps, validate
from quantstrip.bars.merging import Conflicts, Merged
from quantstrip.bars.partition import About
from quantstrip.bars.pseudo import is_first, pseudo_ticks, ticks_of_bar
from quantstrip.bars.read import read_csv, read_folder, sample_folder
from quantstrip.bars.resample import resample
from quantstrip.bars.sessions import session_labels
from quantstrip.bars.store import BarStore
from quantstrip.bars.table import BarTable, GapReport, label_text
from quantstrip.bars.ticks import TickBars
from quantstrip.bars.timeframes import choose_timeframe, timeframe_of

__all__ = [
    "About",
    "BarStore",
    "BarTable",
    "Conflicts",
    "GapReport",
    "Gaps",
    "Merged",
    "TickBars",
    "choose_timeframe",
    "is_first",
    "label_text",
    "pseudo_ticks",
    "read_csv",
    "read_folder",
    "resample",
    "sample_folder",
    "session_labels",
    "ticks_of_bar",
    "timeframe_of",
    "validate",
]

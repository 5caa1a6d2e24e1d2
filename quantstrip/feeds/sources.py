"""Where the bars of a run come from: places that are asked in order, and the first that has a symbol gives it.

::

    a folder that is named     nothing else is asked
    store                      the home's bar store; what is not stored is made of finer bars
    folder                     CSV and Parquet files of the home, or of the setting data.folder
    download                   feeds that the settings name, into the store
    sample                     the shipped prices, where no other place has any bars at all

Every table says in ``source`` which place it is from. Invented bars are among them only where they are asked for by
name: ``synthetic``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from quantstrip.bars import BarStore, BarTable, Gaps, barfile, choose_timeframe, read_folder, sample_folder
from quantstrip.bars.fitting import AUTO
from quantstrip.clock import Micros
from quantstrip.errors import DataError, FeedError
from quantstrip.feeds.synthetic import SYNTHETIC, parse_seed, synthetic
from quantstrip.model import TIMEFRAMES

STORE: Final = "store"
FOLDER: Final = "folder"
DOWNLOAD: Final = "download"
SAMPLE: Final = "sample"
ORDER: Final = (STORE, FOLDER, DOWNLOAD)
"""Places asked by default, besides the sample."""

Download = Callable[[str, str], None]
"""Fetches the bars of a symbol in a timeframe into the store, from whatever feeds are configured."""


def is_source(name: str) -> bool:
    """Whether ``name`` is one of a place that can be asked alone (see ``BarSources.only``), rather than a folder's."""
    return name.partition(":")[0] in (*ORDER, SAMPLE, SYNTHETIC)


@dataclass(frozen=True, slots=True)
class BarSources:
    """The places a run may take its bars from.

    Attributes:
        store: the home's; None without a home.
        folder: with ``SYMBOL.csv`` or ``SYMBOL.parquet`` files; None where there is none.
        download: None where no feed is configured.
        order: of ``store``, ``folder`` and ``download``; what is not named is not asked.
        sample: may the shipped sample stand in where no place has any bars at all?
        seed: of invented bars; None unless they are asked for by name.
        given: a folder that was named; then nothing else is asked.
        span: labels between which bars are wanted, the second excluded; of the store no others are read, and none are
            invented. Files are read whole, and symbols that are wanted ``also`` have what comes before.

    """

    store: BarStore | None = None
    folder: Path | None = None
    download: Download | None = None
    order: Sequence[str] = ORDER
    sample: bool = True
    seed: int | None = None
    given: Path | None = None
    span: tuple[Micros | None, Micros | None] = (None, None)

    def only(self, name: str) -> "BarSources":
        """These places, with nothing but the one of that name asked; ``synthetic`` or ``synthetic:SEED`` invents bars.

        Raises:
            DataError: there is no such place.

        """
        seed = parse_seed(name)
        if seed is not None:
            return replace(self, order=(), sample=False, seed=seed)
        if name not in (*ORDER, SAMPLE):
            raise DataError(
                f"there is no source of bars called {name!r}",
                hint=f"There are: {', '.join((*ORDER, SAMPLE, SYNTHETIC))}.",
            )
        return replace(self, order=() if name == SAMPLE else (name,), sample=name == SAMPLE)

    def tables(
        self,
        symbols: Sequence[str],
        wanted: str | None,
        default: str,
        who: str = "the strategy",
        calendar: str | None = "NYSE",
        *,
        gaps: Gaps = "refuse",
        also: Sequence[str] = (),
    ) -> dict[str, BarTable]:
        """The bars of each symbol, sorted by symbol.

        Args:
            symbols: what to find.
            wanted: the timeframe; None takes the only one there is, else ``default``.
            default: see ``bars.choose_timeframe``.
            who: wants them, for messages.
            calendar: of bars from files; stored ones have their own.
            gaps: refuse or accept missing sessions.
            also: symbols to find in the timeframe of the others.

        Raises:
            DataError: no place has the bars of a symbol; says where it was looked.

        """
        if wanted is not None and wanted not in TIMEFRAMES:
            raise DataError(f"unknown timeframe {wanted!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
        names, every = sorted(set(symbols)), sorted({*symbols, *also})
        if self.seed is not None:
            start, end = self.span
            calendar = "NYSE" if calendar == AUTO else calendar
            return {
                symbol: synthetic(symbol, wanted or default, calendar, seed=self.seed, start=start, end=end)
                for symbol in every
            }
        sample = self.given is None and self.sample and not self._anywhere()
        folder = sample_folder() if sample else self.given
        if folder is not None:
            chosen = choose_timeframe(folder, names, wanted, default, who)
            found = read_folder(folder, every, chosen, calendar, gaps=gaps)
            if not sample:
                return found
            return {symbol: replace(table, source=f"sample/{table.source}") for symbol, table in found.items()}
        timeframe = wanted or self._timeframe(names, default, who)
        return {
            symbol: self._table(symbol, timeframe, who, calendar, gaps, self.span[0] if symbol in names else None)
            for symbol in every
        }

    def symbols(self) -> list[str]:
        """Symbols of which these places have bars; what feeds elsewhere have is not among them.

        Raises:
            DataError: the folder that was named is none.

        """
        if self.given is not None or not self._anywhere():
            folder = self.given or sample_folder()
            there = barfile.symbols_in(folder)
            return there if self.given is not None or self.sample else []
        stored = self.store.symbols() if self.store is not None and STORE in self.order else []
        files = self.folder if FOLDER in self.order else None
        return sorted({*stored, *(barfile.symbols_in(files) if files is not None and files.is_dir() else [])})

    def _anywhere(self) -> bool:
        """Whether any place has, or may fetch, any bars."""
        stored = self._asked(STORE) is not None and self.store is not None and bool(self.store.symbols())
        folder = self.folder if FOLDER in self.order else None
        files = folder is not None and folder.is_dir() and bool(barfile.symbols_in(folder))
        return stored or files or self._asked(DOWNLOAD) is not None

    def _timeframe(self, symbols: Sequence[str], default: str, who: str) -> str:
        """The only timeframe that the bars have; ``default`` where it can be made of them, or they do not tell."""
        there = {symbol: self._stored(symbol) for symbol in symbols} if self._asked(STORE) is not None else {}
        stored = {symbol: found for symbol, found in there.items() if found}
        if not stored:
            files = self._files(symbols)
            folder = self.folder
            return choose_timeframe(folder, files, None, default, who) if folder is not None and files else default
        single = set.intersection(*(set(found) for found in stored.values()))
        if len(single) == 1 and all(len(found) == 1 for found in stored.values()):
            return single.pop()
        store = self.store
        if store is not None and all(store.made_of(symbol, default) for symbol in stored):
            return default
        told = ", ".join(f"{symbol} {' '.join(found)}" for symbol, found in stored.items())
        raise DataError(
            f"{who} names no timeframe, and the bar store has several: {told}",
            hint="Name one: --timeframe 1d, or timeframe = '1d' in the strategy's class.",
        )

    def _table(
        self, symbol: str, timeframe: str, who: str, calendar: str | None, gaps: Gaps, start: Micros | None
    ) -> BarTable:
        """The bars of a symbol from the first place that has them."""
        looked = []
        for place in self.order:
            if place == STORE and self.store is not None:
                if self.store.made_of(symbol, timeframe):
                    return self.store.read(symbol, timeframe, start, self.span[1], gaps=gaps)
                there = self._stored(symbol)
                looked.append(f"the store has it in {', '.join(there)} only" if there else "the store has none")
            elif place == FOLDER and self.folder is not None:
                if self._files([symbol]):
                    chosen = choose_timeframe(self.folder, [symbol], timeframe, timeframe, who)
                    return read_folder(self.folder, [symbol], chosen, calendar, gaps=gaps)[symbol]
                looked.append(f"{self.folder} has none")
            elif place == DOWNLOAD and self.download is not None and self.store is not None:
                try:
                    self.download(symbol, timeframe)
                    return self.store.read(symbol, timeframe, start, self.span[1], gaps=gaps)
                except FeedError as error:
                    looked.append(error.message)
        raise DataError(
            f"there are no {timeframe} bars of {symbol}: {'; '.join(looked) or 'no place was asked'}",
            hint=f"Bring them in: quantstrip data import {symbol}.csv, or: quantstrip data download {symbol}"
            + (". Or take the shipped ones: --source sample" if barfile.find(sample_folder(), symbol) else ""),
        )

    def _asked(self, place: str) -> object:
        """What stands behind a place that is asked."""
        return {STORE: self.store, FOLDER: self.folder, DOWNLOAD: self.download}[place] if place in self.order else None

    def _stored(self, symbol: str) -> list[str]:
        return [] if self.store is None else self.store.timeframes(symbol)

    def _files(self, symbols: Sequence[str]) -> list[str]:
        """Those of the symbols that have a file in the folder."""
        folder = self.folder if FOLDER in self.order else None
        return [symbol for symbol in symbols if folder is not None and barfile.find(folder, symbol) is not None]

"""One symbol of a kline run: the strategy's object, its context, its cache and its day."""

from collections.abc import Mapping, Sequence
from typing import Any

from quantstrip.clock import DAY, Micros, to_datetime
from quantstrip.dialects.kline_context import BacktestContext, Books
from quantstrip.dialects.kline_indicators import Short
from quantstrip.dialects.kline_source import WINDOW_NAME, IStrategy
from quantstrip.dialects.kline_types import Kline, KlineCache
from quantstrip.model import Bar, OrderSide, Signal
from quantstrip.strategy import Seat

_DAYS = ("1d", "1w")


class KlineDesk:
    """Runs one object of a strategy on the klines of one symbol.

    Args:
        user: the strategy's object.
        params: what its ``run`` is given.
        window: klines that its cache holds.
        books: what the symbols of the run share.

    Attributes:
        skipped: klines that it could not decide on, for want of data.

    """

    def __init__(self, user: IStrategy, params: Mapping[str, Any], window: int, books: Books) -> None:
        self.user = user
        self.context = BacktestContext(user.on_trade, books)
        self.skipped = 0
        self._params = params
        self._window = window
        self._day: Micros | None = None

    def begin(self, seat: Seat, symbol: str, warm: Sequence[Bar]) -> None:
        """Take the seat, and the klines of a warm-up into the cache."""
        self.context._sit(seat, symbol)
        self.user.initialize(self._window)
        if not isinstance(getattr(self.user, "kline_cache", None), KlineCache):
            self.user.kline_cache = KlineCache(self._window)
        for bar in warm[-self._window :]:
            self.user.kline_cache.append(Kline.of(bar))

    def see(self, bar: Bar) -> list[Signal]:
        """Run the strategy on a kline; its cache gets the kline afterwards."""
        user, context = self.user, self.context
        context._bar = bar
        day = bar.ts_open - bar.ts_open % DAY
        if self._day is not None and day != self._day:
            self.end_day()
        self._day = day
        kline = Kline.of(bar)
        self._run(kline)
        user.kline_cache.append(kline)
        context._note()
        if bar.ts - day >= DAY or bar.timeframe in _DAYS:
            trades = len(context.trades)
            self.end_day()
            if len(context.trades) > trades:
                context._note(again=True)
        return context._take()

    def filled(self, side: OrderSide, price: float, volume: float, fee: float) -> None:
        """Tell of a fill at an open; those within the bar are told by the context."""
        timestamp = self.context._release(side, volume)
        self.user.on_trade(self.context._filled(side, price, volume, fee, timestamp))

    def end_day(self) -> None:
        """End the day, if one has begun."""
        day, self._day = self._day, None
        if day is not None:
            self.user.on_day_end(to_datetime(day).date().isoformat(), self.context)

    def _run(self, kline: Kline) -> None:
        """Run it; a kline is skipped where an indicator had too little data yet and the strategy compared its None.

        Its document's own golden cross does so, at the first kline that its guard lets pass. With a full cache it
        would be so for ever: then the error stands.
        """
        user, before = self.user, Short.times
        try:
            user.run(self.context, kline, dict(self._params))
        except TypeError as error:
            if Short.times == before or "NoneType" not in str(error):
                raise
            if user.kline_cache.is_full():
                error.add_note(f"{WINDOW_NAME} of {self._window} holds too few klines for the indicator.")
                raise
            self.skipped += 1

"""Bars from Yahoo Finance by the package yfinance (extra ``yfinance``)."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from quantstrip.bars import parquetfile
from quantstrip.bars.rawbars import RawBars
from quantstrip.clock import DAY, Clock, Micros, system_clock, to_datetime
from quantstrip.errors import FeedRefused, FeedUnreachable
from quantstrip.feeds.remote import Page
from quantstrip.home import user_cache

_INTERVALS = {"1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "60m", "1d": "1d"}
_REACH = {"1m": 29, "5m": 59, "15m": 59, "30m": 59, "1h": 729}
"""Days back that Yahoo has bars shorter than a day."""
_AT_ONCE = {"1m": 7}
"""Days of minutes that one request may ask for."""
_TIMEOUT = 15.0
_ROUNDING = 1e-5
_NOT_FOUND = 404


def _rounded(raw: RawBars) -> RawBars:
    """Bars whose range holds open and close: an adjusted close may stand a rounding error above its high."""
    top, bottom = np.maximum(raw.open, raw.close), np.minimum(raw.open, raw.close)
    near_top, near_bottom = top < raw.high * (1 + _ROUNDING), bottom > raw.low * (1 - _ROUNDING)
    return replace(
        raw,
        high=np.where(near_top, np.maximum(raw.high, top), raw.high),
        low=np.where(near_bottom, np.minimum(raw.low, bottom), raw.low),
    )


class Yahoo:
    """Daily bars of decades, shorter ones of the last weeks: see ``_REACH``.

    Args:
        adjusted: prices adjusted for splits and dividends; otherwise for splits alone, as Yahoo has them.
        session: a ``requests`` or ``curl_cffi`` session to ask with; yfinance's own by default.
        clock: whose time says how far back bars may be asked for.

    Raises:
        FeedRefused: yfinance is not installed.

    """

    name = "yfinance"
    timeframes = tuple(_INTERVALS)
    calendar = "NYSE"

    def __init__(self, *, adjusted: bool = True, session: Any = None, clock: Clock = system_clock) -> None:
        try:
            import yfinance
        except ImportError:
            raise FeedRefused(
                "the package yfinance is not installed", hint="Install it: pip install 'quantstrip[yfinance]'"
            ) from None
        self.adjusted: bool | None = adjusted
        self._yfinance = yfinance
        self._session = session
        self._clock = clock
        yfinance.config.debug.hide_exceptions = False  # otherwise what went wrong is logged, and no bars come
        cache = user_cache() / "yfinance"
        cache.mkdir(parents=True, exist_ok=True)
        yfinance.set_tz_cache_location(str(cache))

    def page(self, symbol: str, timeframe: str, start: Micros, end: Micros) -> Page:
        """The first bars whose labels lie in ``[start, end)``; errors as of ``History.page``."""
        if timeframe not in _INTERVALS:
            raise FeedRefused(f"yfinance has no {timeframe} bars", hint=f"It has {', '.join(_INTERVALS)}.")
        if timeframe in _REACH:
            start = max(start, self._clock.now() // DAY * DAY - _REACH[timeframe] * DAY)
        if start >= end:
            return Page(None, None)
        until = min(end, start + _AT_ONCE.get(timeframe, 1_000_000) * DAY)
        frame = self._asked(symbol, timeframe, start, until)
        following = until if until < end else None
        if frame is None or not len(frame := frame.dropna(subset=["Open", "High", "Low", "Close"])):
            return Page(None, following)
        raw = parquetfile.of_frame(
            frame.fillna({"Volume": 0}), daily=timeframe == "1d", name=f"yfinance {symbol} {timeframe}"
        )
        return Page(_rounded(raw), following)

    def _asked(self, symbol: str, timeframe: str, start: Micros, end: Micros) -> Any:
        """A DataFrame, or None where there are no bars."""
        faults = self._yfinance.exceptions
        asked: dict[str, Any] = {"start": to_datetime(start), "end": to_datetime(end)}
        if timeframe == "1d":  # by its date: a moment would be read on the exchange's clock
            asked = {"start": to_datetime(start).date(), "end": to_datetime(-(-end // DAY) * DAY).date()}
        _forget()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # yfinance uses what pandas deprecates; its users can do nothing
                return self._yfinance.Ticker(symbol, session=self._session).history(
                    **asked, interval=_INTERVALS[timeframe], auto_adjust=self.adjusted, actions=False,
                    timeout=_TIMEOUT,
                )  # fmt: skip
        except faults.YFRateLimitError as error:
            raise FeedUnreachable(
                f"Yahoo was asked too often for {symbol}: {error}", hint="Try again later."
            ) from error
        except faults.YFTzMissingError as error:
            raise FeedRefused(f"Yahoo knows no {symbol}: {error}", hint="Look the symbol up on its pages.") from error
        except faults.YFPricesMissingError as error:
            return self._none(symbol, error)
        except Exception as error:
            if getattr(getattr(error, "response", None), "status_code", None) == _NOT_FOUND:
                raise FeedRefused(f"Yahoo knows no {symbol}", hint="Look the symbol up on its pages.") from error
            # whatever its transport raises: curl_cffi's, requests' and JSON's errors differ
            raise FeedUnreachable(
                f"Yahoo did not give the bars of {symbol}: {type(error).__name__}: {error}",
                hint="Is this machine connected? Try again later.",
            ) from error

    @staticmethod
    def _none(symbol: str, error: Any) -> None:
        """No bars in the span, unless Yahoo does not know the symbol.

        Raises:
            FeedRefused: it does not.

        """
        if "delisted" in str(getattr(error, "yahoo_reason", None)).lower():
            raise FeedRefused(f"Yahoo has no prices of {symbol}: {error}", hint="Look the symbol up on its pages.")


def _forget() -> None:
    """Have yfinance ask anew: it remembers what it was answered, also that a server was down."""
    from yfinance.data import YfData

    YfData.cache_get.cache_clear()

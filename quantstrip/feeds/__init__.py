"""Feeds: where an engine's bars come from. Live quotes are in ``live``."""

from quantstrip.feeds.history import HistoryFeed
from quantstrip.feeds.quote_ticks import QuoteTicks
from quantstrip.feeds.replay import ReplayFeed
from quantstrip.feeds.timeline import Tables
from quantstrip.feeds.warmup import trading_begins
from quantstrip.feeds.watched import WatchedFeed

__all__ = ["HistoryFeed", "QuoteTicks", "ReplayFeed", "Tables", "WatchedFeed", "trading_begins"]

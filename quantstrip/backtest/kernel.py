"""The vectorised kernel: a whole run in compiled code, bar after bar, from arrays of decisions.

It does what the engine does with market orders that open from flat and close all, with stops, targets and trailing
stops: the same fills at the same prices, the same cents, the same equity. ``plain`` is for one symbol without
protection and limits: it looks only for the next decision that counts.
"""

from math import nan
from typing import Final

import numpy as np
import numpy.typing as npt

from quantstrip.backtest.compiled import jit
from quantstrip.backtest.kernel_parts import (
    Terms,
    allowed,
    by_time,
    commission,
    on_grid,
    opening_units,
    rounded,
    stop_exit,
    target_exit,
    trip_pnl,
)

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
ADDS: Final = -1
"""What a kernel counts for fills where an entry would add to a position, which the engine has to do."""
Counts = tuple[int, int, int, float]
"""Fills, refused entries, round trips, equity at the end."""


@jit
def following(flags: Flags, words: Words, row: int, rows: int) -> int:
    """The first row from ``row`` on whose flag is set; ``rows`` or more where there is none.

    Args:
        flags: as many as ``words`` have bytes.
        words: the same memory, eight flags a word: most of them are empty.

    """
    while row < rows and not flags[row]:
        row += 1
        if row % 8 == 0:
            word = row // 8
            while word < len(words) and words[word] == 0:
                word += 1
            row = word * 8
    return row


@jit
def plain(
    open_: Values, close: Values, entries: Flags, enter: Words, exits: Flags, leave: Words, start: int, ends: Rows,
    terms: Terms, multiplier: float, lot: float, scale: float, daily: Values, pnl: Values, log: Values, logged: bool,
) -> Counts:  # fmt: skip
    """One symbol, long only, no protection, no limits.

    Args:
        open_, close: prices, ``n`` bars.
        entries, exits: decisions at each close, made up to a multiple of eight.
        enter, leave: the same as words, see ``following``.
        start: first bar that is traded.
        ends: last bar of each session from ``start`` on.
        terms, multiplier, lot, scale: what it trades on; ``scale`` is 10 to the digits of its currency.
        daily: receives the equity at ``ends``.
        pnl: receives the profit of each round trip; of ``n`` values.
        log: receives row, symbol, signed units, price and commission of each fill where ``logged``.

    """
    rows = len(close)
    cash, day, row = terms.cash, 0, start
    fills, refused, trips = 0, 0, 0
    units = 0.0
    while True:
        row = following(entries, enter, row, rows)
        if row >= rows:
            break
        quantity = opening_units(terms, cash, close[row], multiplier, lot)
        if not (quantity > 0.0 and close[row] > 0.0):
            refused += 1
            row += 1
            continue
        row += 1
        if row >= rows:
            break
        while day < len(ends) and ends[day] < row:
            daily[day] = cash
            day += 1
        price = open_[row] * terms.buyers
        fee = commission(terms, quantity, price, multiplier, scale)
        cost = rounded(quantity * price * multiplier, scale)
        cash += -cost - fee
        if logged:
            log[fills, 0], log[fills, 1], log[fills, 2], log[fills, 3], log[fills, 4] = row, 0, quantity, price, fee
        fills += 1
        quantity = on_grid(quantity)
        units = quantity * multiplier
        row = following(exits, leave, row, rows) + 1
        if row >= rows:
            break
        while day < len(ends) and ends[day] < row:
            daily[day] = cash + units * close[ends[day]]
            day += 1
        price = open_[row] * terms.sellers
        paid = commission(terms, quantity, price, multiplier, scale)
        amount = rounded(quantity * price * multiplier, scale)
        cash += amount - paid
        if logged:
            log[fills, 0], log[fills, 1], log[fills, 2], log[fills, 3], log[fills, 4] = row, 0, -quantity, price, paid
        fills += 1
        units = 0.0
        pnl[trips] = trip_pnl(rounded(amount - cost, scale), fee + paid, scale)
        trips += 1
    while day < len(ends):
        daily[day] = cash + units * close[ends[day]]
        day += 1
    return fills, refused, trips, cash + units * close[rows - 1]


@jit
def panel(  # noqa: C901 - one loop: state that functions hand to each other would cost more than the work
    open_: Values, high: Values, low: Values, close: Values, present: Flags, open_long: Flags, close_long: Flags,
    open_short: Flags, close_short: Flags, start: int, sessions: Flags, terms: Terms, multipliers: Values,
    lots: Values, scales: Values, equity: Values, pnl: Values, log: Values, logged: bool,
) -> Counts:  # fmt: skip
    """Any number of symbols on one cash, long and short, with protection, limits and halts.

    It gives up where an entry would add to a position: ``ADDS`` in place of the number of fills.

    Args:
        open_, high, low, close: prices, ``n`` rows and a column for each symbol.
        present: where a symbol has a bar.
        open_long, close_long, open_short, close_short: decisions at each close.
        start: first row that is traded.
        sessions: where a session begins.
        terms: what it trades on.
        multipliers, lots, scales: of each symbol.
        equity: receives the equity at every close from ``start`` on.
        pnl, log, logged: as of ``plain``.

    """
    rows, count = close.shape
    held = np.zeros(count)  # signed units
    leave, enter = np.zeros(count), np.zeros(count)  # signed units of the market orders that wait
    entered = np.zeros(count)  # units that protection is for
    cost = np.zeros(count)
    fee = np.zeros(count)
    stop, target, arm = np.full(count, nan), np.full(count, nan), np.full(count, nan)
    peak, last = np.zeros(count), np.zeros(count)
    since = np.zeros(count, np.int64)  # row of the entry
    order = np.zeros(count, np.int64)  # symbols that are held, in the order in which they were bought
    # Rows of the decisions, of the last one and of what is held; symbols in the order of those.
    asked, guarded = np.zeros(count, np.int64), np.zeros(count, np.int64)
    first_asked, first_guarded = np.arange(count), np.arange(count)
    holding = 0
    cash = terms.cash
    fills, refused, trips = 0, 0, 0
    before = best = begun = worth = cash
    halted_day, halted = False, False
    waiting = 0  # market orders
    protected = terms.stop > 0.0 or terms.target > 0.0 or terms.trailing > 0.0
    for row in range(start, rows):
        if count > 1 and waiting > 0:
            by_time(asked, first_asked)
        if count > 1 and protected and holding > 0:
            by_time(guarded, first_guarded)
        for sign in (-1.0, 1.0):  # all sells before all buys
            begin = 0 if waiting > 0 else 2 * count
            end = 4 * count if protected and holding > 0 else 2 * count
            for step in range(begin, end):  # at the open exits and entries, then stops, then targets
                stage, k = step % 2, first_asked[step // 2 % count]
                if step >= 2 * count:
                    stage, k = step // count, first_guarded[step % count]
                if not present[row, k]:
                    continue
                units, price, slips, opens = 0.0, nan, True, False
                if stage < 2:
                    units = leave[k] if stage == 0 else enter[k]
                    if units * sign <= 0.0:
                        continue
                    price, opens = open_[row, k], stage == 1
                    waiting -= 1
                    if stage == 0:
                        leave[k] = 0.0
                    else:
                        enter[k] = 0.0
                elif held[k] * sign < 0.0 and since[k] < row:  # in its own bar the entry has seen to it
                    side = -sign
                    if stage == 2:
                        price, peak[k] = stop_exit(
                            side, stop[k], terms.trailing, arm[k], peak[k], open_[row, k], high[row, k],
                            low[row, k],
                        )  # fmt: skip
                    else:
                        price, slips = target_exit(side, target[k], open_[row, k], high[row, k], low[row, k]), False
                    if price == price:
                        units = -side * min(entered[k], abs(held[k]))
                if units == 0.0:
                    continue
                again = True
                while again:  # the entry, and what protects it, may fill in one bar
                    again = False
                    paid = price
                    if slips:
                        paid = price * (terms.buyers if units > 0.0 else terms.sellers)
                    charge = commission(terms, abs(units), paid, multipliers[k], scales[k])
                    amount = rounded(-units * paid * multipliers[k], scales[k])
                    cash += amount - charge
                    if logged:
                        log[fills, 0], log[fills, 1], log[fills, 2] = row, k, units
                        log[fills, 3], log[fills, 4] = paid, charge
                    fills += 1
                    if opens:
                        opens = False
                        held[k], cost[k], fee[k], guarded[k] = on_grid(units), -amount, charge, asked[k]
                        entered[k], since[k] = abs(units), row
                        order[holding] = k
                        holding += 1
                        side = 1.0 if units > 0.0 else -1.0
                        stop[k] = paid * (1.0 - side * terms.stop) if terms.stop > 0.0 else nan
                        target[k] = paid * (1.0 + side * terms.target) if terms.target > 0.0 else nan
                        arm[k] = paid * (1.0 + side * terms.activation) if terms.activation > 0.0 else nan
                        peak[k] = paid
                        slips = True
                        price, peak[k] = stop_exit(
                            side, stop[k], terms.trailing, arm[k], peak[k], open_[row, k], high[row, k],
                            low[row, k],
                        )  # fmt: skip
                        if price != price:
                            price = target_exit(side, target[k], open_[row, k], high[row, k], low[row, k])
                            slips = False
                        if price == price:
                            units, again = -side * min(entered[k], abs(held[k])), True
                    else:
                        pnl[trips] = trip_pnl(rounded(amount - cost[k], scales[k]), fee[k] + charge, scales[k])
                        trips += 1
                        held[k], cost[k] = 0.0, 0.0
                        stop[k], target[k] = nan, nan
                        place = 0
                        while order[place] != k:
                            place += 1
                        for after in range(place, holding - 1):
                            order[after] = order[after + 1]
                        holding -= 1
        for k in range(count):
            if present[row, k]:
                last[k] = close[row, k]
        worth = cash
        for place in range(holding):
            k = order[place]
            worth += held[k] * multipliers[k] * last[k]
        equity[row - start] = worth
        if sessions[row]:
            begun, halted_day = before, False
        best = max(best, worth)
        if not halted and worth < best * (1.0 - terms.drawdown):
            halted = True
        if not halted_day and worth < begun * (1.0 - terms.daily_loss):
            halted_day = True
        before = worth
        for k in range(count):
            if not present[row, k]:
                continue
            asked[k] = row
            leaving = (held[k] > 0.0 and close_long[row, k]) or (held[k] < 0.0 and close_short[row, k])
            if leaving:
                leave[k] = -held[k]
                waiting += 1
            if not (open_long[row, k] or open_short[row, k]) or (held[k] != 0.0 and not terms.legs):
                continue
            buying = bool(open_long[row, k])
            quantity = opening_units(terms, worth, close[row, k], multipliers[k], lots[k])
            fits = quantity > 0.0 and close[row, k] > 0.0
            if fits:
                free, gross, own = cash, 0.0, 0.0
                for place in range(holding):
                    j = order[place]
                    if j == k and leaving:  # what is closed makes room
                        free += held[j] * multipliers[j] * last[j]
                        continue
                    gross += abs(held[j] * multipliers[j] * last[j])
                    if j == k:
                        own = abs(held[j] * multipliers[j] * last[j])
                for j in range(count):
                    if enter[j] != 0.0:
                        entry = abs(enter[j]) * last[j] * multipliers[j]
                        gross += entry
                        if enter[j] > 0.0:
                            free -= entry
                value = quantity * close[row, k] * multipliers[k]
                fits = allowed(terms, buying, value, worth, free, own, gross, halted or halted_day)
            if fits and held[k] != 0.0:
                adds = (held[k] > 0.0) == buying
                if adds and not (leaving and buying):  # a short is sold before it is covered: that adds as well
                    return ADDS, refused, trips, worth
                fits = leaving  # one side is netted against the other
            if fits:
                enter[k] = quantity if buying else -quantity
                waiting += 1
            else:
                refused += 1
    return fills, refused, trips, worth

-- Round trips: from flat to flat. A flip closes one and opens the next; its commission is shared by quantity.
-- Open ones are in v_positions. MAE and MFE come from the daily bars in mtm_price from the first to the last session.
-- One row: a closed round trip.
--
-- * trade_id INTEGER: key of the round trip (the execution that opened it)
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * broker TEXT: name of the broker, empty where none is known
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * leg TEXT: NET, or LONG and SHORT of a hedge
-- * side TEXT: LONG or SHORT
-- * opened TIME: first fill
-- * closed TIME: last fill
-- * open_date DATE: session of the first fill
-- * close_date DATE: session of the last fill; results count there
-- * hold_seconds REAL: from the first to the last fill
-- * hold_days INTEGER: from open_date to close_date, in calendar days
-- * quantity REAL: all units that were opened, adds included
-- * max_quantity REAL: most units held at once
-- * avg_entry REAL: mean price of the opening fills
-- * avg_exit REAL: mean price of the closing fills
-- * multiplier REAL: money per point and unit
-- * fills INTEGER: fills it was made of
-- * currency TEXT: currency of the row's amounts
-- * gross_pnl REAL: profit before commission
-- * commission REAL: commission in the trade's currency
-- * other_fees INTEGER: fees in other currencies, which are not in commission (see v_commissions)
-- * net_pnl REAL: gross_pnl minus commission
-- * trade_return REAL: net_pnl as a fraction of the money that was opened
-- * mae REAL: worst unrealised result of max_quantity at a daily low or high, zero or less; empty without bars
-- * mfe REAL: best one, zero or more; empty without bars
-- * reporting_currency TEXT: the currency reports add up in
-- * rate REAL: one unit of currency in the reporting currency, last known at the date
-- * reporting_net_pnl REAL: net_pnl in the reporting currency, empty where the rate is missing
-- * missing_rate TEXT: symbol that mtm_price lacks for the conversion (as EURUSD); empty where nothing is missing
-- * strategy_id INTEGER: key of strategy
-- * broker_id INTEGER: key of broker
-- * strategy_run_id INTEGER: key of strategy_run
-- * run_key TEXT: key of the run; the same code, parameters and feed have the same one
-- * client TEXT: client whose run it was, empty where none is known
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_trades AS
SELECT
    t.trade_id,
    t.mode,
    t.account,
    s.name AS strategy,
    b.name AS broker,
    t.symbol,
    t.contract_id,
    t.leg,
    t.side,
    t.opened,
    t.closed,
    t.open_date,
    t.close_date,
    ROUND((julianday(t.closed) - julianday(t.opened)) * 86400.0, 3) AS hold_seconds,
    CAST(julianday(t.close_date) - julianday(t.open_date) AS INTEGER) AS hold_days,
    t.opened_quantity AS quantity,
    t.max_quantity,
    t.avg_entry,
    t.closed_value / t.closed_quantity AS avg_exit,
    t.multiplier,
    t.fills,
    t.currency,
    t.realized_pnl AS gross_pnl,
    t.commission,
    t.other_fees,
    ROUND(t.realized_pnl - t.commission, 8) AS net_pnl,
    ROUND(t.realized_pnl - t.commission, 8) / NULLIF(ABS(t.opened_value) * t.multiplier, 0.0) AS trade_return,
    ROUND(
        MIN(0.0, CASE WHEN t.side = 'LONG' THEN t.lowest - t.avg_entry ELSE t.avg_entry - t.highest END)
        * t.max_quantity * t.multiplier,
        8
    ) AS mae,
    ROUND(
        MAX(0.0, CASE WHEN t.side = 'LONG' THEN t.highest - t.avg_entry ELSE t.avg_entry - t.lowest END)
        * t.max_quantity * t.multiplier,
        8
    ) AS mfe,
    x.reporting_currency,
    x.rate,
    ROUND(ROUND(t.realized_pnl - t.commission, 8) * x.rate, x.digits) AS reporting_net_pnl,
    x.missing_rate,
    t.strategy_id,
    t.broker_id,
    t.strategy_run_id,
    r.run_key,
    r.client,
    CASE WHEN t.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM (
    SELECT
        c.*,
        c.opened_value / c.opened_quantity AS avg_entry,
        (
            SELECT MIN(m.low) FROM mtm_price m
            WHERE
                m.symbol = c.symbol AND m.contract_id = c.contract_id AND m.date BETWEEN c.open_date AND c.close_date
                AND m.low IS NOT NULL AND m.high IS NOT NULL
        ) AS lowest,
        (
            SELECT MAX(m.high) FROM mtm_price m
            WHERE
                m.symbol = c.symbol AND m.contract_id = c.contract_id AND m.date BETWEEN c.open_date AND c.close_date
                AND m.low IS NOT NULL AND m.high IS NOT NULL
        ) AS highest
    FROM round_trip c
    WHERE c.closed IS NOT NULL
) t
JOIN strategy s ON s.strategy_id = t.strategy_id
LEFT JOIN broker b ON b.broker_id = t.broker_id
LEFT JOIN strategy_run r ON r.strategy_run_id = t.strategy_run_id
LEFT JOIN v_rates x ON x.currency = t.currency AND x.trade_date = t.close_date

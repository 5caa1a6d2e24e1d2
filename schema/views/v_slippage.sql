-- What lay between the decision and the fill. Positive slippage is money lost against the deciding price.
-- One row: a fill of an order whose deciding price is known.
--
-- * seq_id INTEGER: key of execution
-- * exec_id TEXT: the broker's id of the fill
-- * order_id INTEGER: order it belongs to
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * side TEXT: BUY or SELL
-- * order_type TEXT: MARKET, LIMIT, STOP ...
-- * quantity REAL: units filled
-- * decision_price REAL: last known price when the order was decided
-- * price REAL: price of the fill
-- * slippage REAL: per unit, in price units; positive is worse than the decision
-- * slippage_bps REAL: the same in hundredths of a percent of the deciding price
-- * slippage_amount REAL: the same for the whole fill, in money
-- * currency TEXT: currency of the row's amounts
-- * decision_time TIME: when the order was decided
-- * exec_time TIME: when it filled
-- * delay_seconds REAL: between the two
-- * trade_date DATE: session by the instrument's calendar
-- * strategy_id INTEGER: key of strategy
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_slippage AS
SELECT
    e.seq_id,
    e.exec_id,
    e.order_id,
    e.mode,
    e.account,
    s.name AS strategy,
    e.symbol,
    e.contract_id,
    e.side,
    o.order_type,
    e.quantity,
    o.decision_price,
    e.price,
    ROUND((e.price - o.decision_price) * CASE e.side WHEN 'BUY' THEN 1.0 ELSE -1.0 END, 10) AS slippage,
    ROUND(
        10000.0 * (e.price - o.decision_price) * CASE e.side WHEN 'BUY' THEN 1.0 ELSE -1.0 END / ABS(o.decision_price),
        6
    ) AS slippage_bps,
    ROUND(
        (e.price - o.decision_price) * CASE e.side WHEN 'BUY' THEN 1.0 ELSE -1.0 END * e.quantity
        * COALESCE(e.multiplier, i.multiplier, 1.0),
        8
    ) AS slippage_amount,
    e.currency,
    o.event_time AS decision_time,
    e.exec_time,
    ROUND((julianday(e.exec_time) - julianday(o.event_time)) * 86400.0, 3) AS delay_seconds,
    e.trade_date,
    e.strategy_id,
    CASE WHEN e.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM execution e
JOIN orders o ON o.order_id = e.order_id AND o.symbol = e.symbol
JOIN strategy s ON s.strategy_id = e.strategy_id
LEFT JOIN strategy_run r ON r.strategy_run_id = e.strategy_run_id
LEFT JOIN instrument i ON i.symbol = e.symbol AND i.contract_id = e.contract_id
WHERE
    o.decision_price <> 0.0 AND e.corrects IS NULL
    AND NOT EXISTS (SELECT 1 FROM execution y WHERE y.corrects = e.exec_id)

-- Every commission and fee, in its own currency and in the reporting currency.
-- One row: a fee of a fill.
--
-- * commission_id INTEGER: key of commission
-- * exec_id TEXT: fill that it belongs to
-- * mode TEXT: live, paper, replay or simulation; never add up two of them
-- * account TEXT: account at the broker; each replay and simulation has its own
-- * strategy TEXT: name of the strategy
-- * broker TEXT: name of the broker, empty where none is known
-- * symbol TEXT: symbol of the instrument
-- * contract_id TEXT: the broker's contract, empty where the symbol says it all
-- * fee_type TEXT: COMMISSION or the broker's word
-- * amount REAL: money paid, rounded to the currency's minor unit; negative for a rebate or a correction
-- * currency TEXT: currency of the row's amounts
-- * trade_date DATE: session by the instrument's calendar
-- * exec_time TIME: when the fill happened
-- * revision INTEGER: 0, or the number of a correction
-- * reporting_currency TEXT: the currency reports add up in
-- * rate REAL: one unit of currency in the reporting currency, last known at the date
-- * reporting_amount REAL: amount in the reporting currency, empty where the rate is missing
-- * missing_rate TEXT: symbol that mtm_price lacks for the conversion (as EURUSD); empty where nothing is missing
-- * broker_realized_pnl REAL: what the broker says was gained; information only
-- * strategy_id INTEGER: key of strategy
-- * current_run INTEGER: 1 for the newest run of the strategy in the mode and for everything live, else 0
CREATE VIEW v_commissions AS
SELECT
    c.commission_id,
    c.exec_id,
    e.mode,
    e.account,
    s.name AS strategy,
    b.name AS broker,
    e.symbol,
    e.contract_id,
    c.fee_type,
    c.booked_amount AS amount,
    c.currency,
    e.trade_date,
    e.exec_time,
    c.revision,
    x.reporting_currency,
    x.rate,
    ROUND(c.booked_amount * x.rate, x.digits) AS reporting_amount,
    x.missing_rate,
    c.realized_pnl AS broker_realized_pnl,
    e.strategy_id,
    CASE WHEN e.mode = 'live' OR r.current IS NULL THEN 1 ELSE r.current END AS current_run
FROM commission c
JOIN execution e ON e.exec_id = c.exec_id
JOIN strategy s ON s.strategy_id = e.strategy_id
LEFT JOIN broker b ON b.broker_id = e.broker_id
LEFT JOIN strategy_run r ON r.strategy_run_id = e.strategy_run_id
LEFT JOIN v_rates x ON x.currency = c.currency AND x.trade_date = e.trade_date

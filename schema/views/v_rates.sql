-- Rates into the reporting currency: mtm_price rows of symbols such as EURUSD (dollars for one euro), with an empty
-- contract_id. Tried in turn: the pair, its inverse, both through USD, both through EUR; always the last one known at or
-- before the date.
-- One row: a currency and a date on which something happened or was priced.
--
-- * currency TEXT: currency converted from
-- * trade_date DATE: date of the rate
-- * reporting_currency TEXT: the currency reports add up in
-- * rate REAL: one unit of currency in the reporting currency, last known at the date
-- * missing_rate TEXT: symbol that mtm_price lacks for the conversion (as EURUSD); empty where nothing is missing
-- * digits INTEGER: decimal digits of the reporting currency
CREATE VIEW v_rates AS
WITH
wanted AS (
    SELECT c.currency, d.trade_date, r.currency AS into_currency, r.digits
    FROM reporting r
    CROSS JOIN (
        SELECT currency FROM position_day
        UNION SELECT currency FROM strategy WHERE currency IS NOT NULL
        UNION SELECT currency FROM reporting
    ) c
    CROSS JOIN (
        SELECT trade_date FROM position_day
        UNION SELECT trade_date FROM equity_day
        UNION SELECT date FROM mtm_price
    ) d
    WHERE r.reporting_id = 1
),
pairs AS (
    SELECT DISTINCT p.one, p.other, w.trade_date
    FROM wanted w
    CROSS JOIN (
        SELECT w1.currency AS one, w1.into_currency AS other FROM wanted w1
        UNION SELECT w2.currency, 'USD' FROM wanted w2
        UNION SELECT w3.currency, 'EUR' FROM wanted w3
        UNION SELECT 'USD', r.currency FROM reporting r
        UNION SELECT 'EUR', r.currency FROM reporting r
    ) p
    -- Nothing is looked up for dates of the reporting currency itself, which is all there is in most homes.
    WHERE w.currency <> w.into_currency AND p.one <> p.other
),
quoted AS (
    SELECT
        p.one,
        p.other,
        p.trade_date,
        COALESCE(
            (
                SELECT m.close FROM mtm_price m
                WHERE m.symbol = p.one || p.other AND m.contract_id = '' AND m.date <= p.trade_date AND m.close > 0.0
                ORDER BY m.date DESC LIMIT 1
            ),
            (
                SELECT 1.0 / m.close FROM mtm_price m
                WHERE m.symbol = p.other || p.one AND m.contract_id = '' AND m.date <= p.trade_date AND m.close > 0.0
                ORDER BY m.date DESC LIMIT 1
            )
        ) AS rate
    FROM pairs p
),
converted AS (
    SELECT
        w.currency,
        w.trade_date,
        w.into_currency,
        w.digits,
        CASE
            WHEN w.currency = w.into_currency THEN 1.0
            ELSE COALESCE(direct.rate, usd1.rate * usd2.rate, eur1.rate * eur2.rate)
        END AS rate
    FROM wanted w
    LEFT JOIN quoted direct
        ON direct.one = w.currency AND direct.other = w.into_currency AND direct.trade_date = w.trade_date
    LEFT JOIN quoted usd1 ON usd1.one = w.currency AND usd1.other = 'USD' AND usd1.trade_date = w.trade_date
    LEFT JOIN quoted usd2 ON usd2.one = 'USD' AND usd2.other = w.into_currency AND usd2.trade_date = w.trade_date
    LEFT JOIN quoted eur1 ON eur1.one = w.currency AND eur1.other = 'EUR' AND eur1.trade_date = w.trade_date
    LEFT JOIN quoted eur2 ON eur2.one = 'EUR' AND eur2.other = w.into_currency AND eur2.trade_date = w.trade_date
)
SELECT
    currency,
    trade_date,
    into_currency AS reporting_currency,
    rate,
    CASE WHEN rate IS NULL THEN currency || into_currency END AS missing_rate,
    digits
FROM converted

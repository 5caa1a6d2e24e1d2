"""Flex statements as Interactive Brokers writes them, made here from invented trades."""

from pathlib import Path


def trade(
    exec_id: str, symbol: str = "SPY", side: str = "BUY", quantity: float = 10, price: float = 400.0, **other: str
) -> str:
    given = {
        "accountId": "U1", "assetCategory": "STK", "currency": "USD", "symbol": symbol, "conid": f"c-{symbol}",
        "multiplier": "1", "tradeDate": "2024-03-06", "dateTime": "2024-03-06;10:30:00", "buySell": side,
        "quantity": f"{quantity if side == 'BUY' else -quantity:g}", "tradePrice": f"{price:g}", "ibExecID": exec_id,
        "ibCommission": "-1", "ibCommissionCurrency": "USD", "taxes": "0", "orderReference": "", "ibOrderID": "",
        "levelOfDetail": "EXECUTION", "transactionType": "ExchTrade", "exchange": "ARCA",
    }  # fmt: skip
    return f"<Trade {attributes({**given, **other})} />"


def position(symbol: str, quantity: float, account: str = "U1") -> str:
    given = {"accountId": account, "symbol": symbol, "conid": f"c-{symbol}", "position": f"{quantity:g}",
             "costBasisPrice": "400", "levelOfDetail": "SUMMARY"}  # fmt: skip
    return f"<OpenPosition {attributes(given)} />"


def attributes(given: dict[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in given.items())


def statement(*sections: str, account: str = "U1", first: str = "2024-03-04", last: str = "2024-03-08") -> str:
    return (
        f'<FlexStatement accountId="{account}" fromDate="{first}" toDate="{last}" period="LastBusinessWeek" '
        f'whenGenerated="2024-03-09;08:00:00">{"".join(sections)}</FlexStatement>'
    )


def trades(*rows: str) -> str:
    return f"<Trades>{''.join(rows)}</Trades>" if rows else "<Trades />"


def positions(*rows: str) -> str:
    return f"<OpenPositions>{''.join(rows)}</OpenPositions>" if rows else "<OpenPositions />"


def response(*statements: str, count: int | None = None) -> str:
    number = len(statements) if count is None else count
    return (
        '<?xml version="1.0" encoding="UTF-8"?><FlexQueryResponse queryName="all" type="AF">'
        f'<FlexStatements count="{number}">{"".join(statements)}</FlexStatements></FlexQueryResponse>'
    )


def write(folder: Path, text: str, name: str = "week.xml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path

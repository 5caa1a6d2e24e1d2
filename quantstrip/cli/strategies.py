"""``strategy check, parameters``: what a strategy's file is, before it runs."""

import click

from quantstrip.cli.session import FilePath, json_option, print_json


@click.group("strategy")
def strategy() -> None:
    """Look at a strategy's file before it runs."""


@strategy.command(short_help="Say whether a file is fit to be run, and why not.")
@click.argument("file", type=FilePath())
@json_option
def check(file: str, as_json: bool) -> int:
    """Check a strategy that somebody else wrote, or a program. Exits with 1 when it is refused.

    Its text is judged first: imports, calls and attributes that lead out of a strategy, and what reads later bars. Then
    it is loaded and constructed where it reaches no file, no network and no other process.
    """
    from quantstrip.operations import strategy_check

    found = strategy_check.check(file)
    if as_json:
        print_json(found.to_dict())
    elif found.passed:
        told = found.strategy
        click.echo(f"{file}: passes ({found.form} form, {told['name']}, {told['timeframe'] or 'any timeframe'})")
    else:
        for each in found.findings:
            place = ":".join([str(file), *(str(number) for number in (each.line, each.column) if number)])
            click.echo(f"{place}: {each.rule}: {each.message}")
        count = len(found.findings)
        click.echo(f"refused: {count} finding{'' if count == 1 else 's'}")
    return 0 if found.passed else 1

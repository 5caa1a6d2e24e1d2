from quantstrip.home import Home, asset
from quantstrip.ledger import Ledger
from quantstrip.operations import clients
from quantstrip.operations.demo import DEMO_CLIENTS, prepare_demo
from quantstrip.operations.settings import get_setting, set_setting


def test_the_demo_brings_two_strategies_that_replay_in_a_minute(made_home: Home, ledger: Ledger) -> None:
    prepare_demo(made_home)
    assert {row["name"] for row in ledger.clients()} == set(DEMO_CLIENTS)
    for name in DEMO_CLIENTS:
        assert (made_home.clients / f"{name}.py").read_bytes() == (asset("examples") / f"{name}.py").read_bytes()
        assert clients.client_status(made_home, name).desired == "running"
        assert get_setting(made_home, f"clients.{name}.mode") == "replay"
        assert get_setting(made_home, f"clients.{name}.replay_seconds") == 60.0


def test_a_second_start_of_the_demo_leaves_everything_as_the_user_made_it(made_home: Home, ledger: Ledger) -> None:
    prepare_demo(made_home)
    (made_home.clients / "ma_cross.py").write_text("# mine\n")
    set_setting(made_home, "clients.ma_cross.replay_seconds", 10.0, "float")
    clients.stop(made_home, "rsi_reversion")
    before = ledger.clients()
    prepare_demo(made_home)
    assert ledger.clients() == before
    assert (made_home.clients / "ma_cross.py").read_text() == "# mine\n"
    assert get_setting(made_home, "clients.ma_cross.replay_seconds") == 10.0

"""Which requests are meant for the dashboard, and where they come from."""

from collections.abc import Mapping
from typing import Any

import pytest

from quantstrip.operations.access_hosts import Hosts

NEAR, FAR = "127.0.0.1", "192.168.1.77"
SELF = "192.168.1.5"


def scope(host: str, peer: str = FAR, own: str = SELF, scheme: str = "http", **headers: str) -> Mapping[str, Any]:
    named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "http",
        "scheme": scheme,
        "client": (peer, 50000),
        "server": (own, 8051),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }


def door(hosts: Hosts, *given: str, **more: str) -> tuple[str, bool, str] | None:
    found = hosts.door(scope(*given, **more))  # type: ignore[arg-type]
    return (found.origin, found.local, found.address) if found else None


@pytest.mark.parametrize("name", ["127.0.0.1:8051", "localhost:8051", "LOCALHOST:8051", "[::1]:8051"])
def test_this_machine_by_its_loopback_names_is_local(name: str) -> None:
    assert door(Hosts(8051), name, NEAR, NEAR) == (f"http://{name.lower()}", True, NEAR)


@pytest.mark.parametrize("name", ["127.0.0.1:8051", "localhost:8051"])
def test_another_machine_that_says_a_loopback_name_is_refused(name: str) -> None:
    assert door(Hosts(8051), name, FAR, SELF) is None


@pytest.mark.parametrize("header", ["x_forwarded_for", "x_real_ip", "forwarded"])
def test_a_proxy_that_does_not_pass_the_host_on_does_not_make_the_world_local(header: str) -> None:
    assert door(Hosts(8051), "127.0.0.1:8051", NEAR, NEAR, **{header: FAR}) is None


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8051", "127.0.0.1", "10.0.0.1:8051", "192.168.1.5", ""])
def test_what_names_something_else_is_refused(host: str) -> None:
    assert door(Hosts(8051), host, FAR, SELF) is None
    assert door(Hosts(8051), host, NEAR, NEAR) is None


def test_two_hosts_are_refused() -> None:
    twice = scope("127.0.0.1:8051", NEAR, NEAR)
    headers = [*twice["headers"], (b"host", b"evil.example")]
    assert Hosts(8051).door({**twice, "headers": headers}) is None


def test_the_address_that_a_connection_came_to_is_good_as_nobody_can_point_it_elsewhere() -> None:
    assert door(Hosts(8051), "192.168.1.5:8051") == ("http://192.168.1.5:8051", False, FAR)
    assert door(Hosts(8051), "192.168.1.5:8051", scheme="https") == ("https://192.168.1.5:8051", False, FAR)
    assert door(Hosts(8051), "192.168.1.5:8051", scheme="wss") == ("https://192.168.1.5:8051", False, FAR)
    assert door(Hosts(8051), "192.168.1.6:8051") is None
    mapped = {"peer": "::ffff:192.168.1.77", "own": "::ffff:192.168.1.5"}
    assert door(Hosts(8051), "192.168.1.5:8051", **mapped) == ("http://192.168.1.5:8051", False, FAR)
    assert door(Hosts(8051), "[fe80::1]:8051", peer="fe80::2", own="fe80::1") == (
        "http://[fe80::1]:8051",
        False,
        "fe80::2",
    )


def test_a_name_of_the_settings_has_the_dashboards_port_and_the_scheme_of_its_listener() -> None:
    hosts = Hosts(8051, ["box.lan"], "https")
    assert door(hosts, "Box.lan:8051", scheme="https") == ("https://box.lan:8051", False, FAR)
    assert door(hosts, "box.lan") is None
    assert door(Hosts(443, ["box.lan"], "https"), "box.lan", scheme="https") == ("https://box.lan", False, FAR)


def test_behind_a_proxy_the_origin_is_the_proxys_and_the_address_the_one_it_speaks_for() -> None:
    hosts = Hosts(8051, ["https://quant.example"])
    given = {"peer": NEAR, "own": NEAR, "x_forwarded_for": "1.2.3.4, 203.0.113.9"}
    assert door(hosts, "quant.example", **given) == ("https://quant.example", False, "203.0.113.9")
    assert door(hosts, "quant.example:443", **given) == ("https://quant.example", False, "203.0.113.9")
    assert door(hosts, "quant.example", peer=NEAR, own=NEAR) == ("https://quant.example", False, NEAR)


def test_who_is_no_proxy_on_this_machine_says_nothing_about_addresses() -> None:
    hosts = Hosts(8051, ["https://quant.example"])
    assert door(hosts, "quant.example", peer=FAR, x_forwarded_for="10.9.9.9") == ("https://quant.example", False, FAR)
    assert door(hosts, "quant.example", peer=NEAR, own=NEAR, x_forwarded_for="<x>") == (
        "https://quant.example",
        False,
        NEAR,
    )


def test_hosts_carry_the_port() -> None:
    assert str(Hosts(8051)) == "127.0.0.1:8051, [::1]:8051, localhost:8051"
    assert "localhost," in str(Hosts(80))

from pathlib import Path

import pytest

from quantstrip.errors import ClientError
from quantstrip.supervise.names import check_name, client_name, client_of, program_name


def test_a_client_is_called_like_its_file_or_its_folder(tmp_path: Path) -> None:
    (tmp_path / "pairs").mkdir()
    assert client_name(tmp_path / "my_strategy.py") == "my_strategy"
    assert client_name(tmp_path / "pairs") == "pairs"


@pytest.mark.parametrize("name", ["", "1st", "a b", "a:b", "a/b", "../x", "é", "class", "x" * 65, "a.b", "-a"])
def test_a_name_that_is_no_module_or_process_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(ClientError, match="cannot be the name of a client") as refused:
        check_name(name)
    assert "Rename the file" in str(refused.value)


def test_a_client_may_bear_the_name_of_a_process_of_the_platform() -> None:
    assert program_name("dashboard") != "dashboard"
    assert client_of(program_name("dashboard")) == "dashboard"


def test_the_platforms_own_processes_belong_to_no_client() -> None:
    assert client_of("warden") is None
    assert client_of("dashboard") is None

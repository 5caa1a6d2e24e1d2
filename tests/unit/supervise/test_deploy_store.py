import threading
from pathlib import Path

import pytest

from quantstrip.errors import ClientError, ClientLoadError, ClientNotFound
from quantstrip.home import Home
from quantstrip.supervise.deploy import check_unique, deploy_files, find_source, version_folder
from quantstrip.supervise.differs import SourceWatch, differs

CLIENT = "from Utils import days\nfrom quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n"


@pytest.fixture
def source(home: Home) -> Path:
    (home.clients / "Utils").mkdir()
    (home.clients / "Utils" / "days.py").write_text("FIRST = 1\n")
    path = home.clients / "mine.py"
    path.write_text(CLIENT)
    return path


def test_a_deploy_copies_the_client_and_its_helpers_byte_for_byte(home: Home, source: Path) -> None:
    made = deploy_files(home, source)
    assert made.folder == version_folder(home, "mine", made.code_hash)
    assert made.files == ("Utils/days.py", "mine.py")
    for name in made.files:
        assert (made.folder / name).read_bytes() == (home.clients / name).read_bytes()


def test_the_same_content_is_the_same_version_and_other_content_another(home: Home, source: Path) -> None:
    first = deploy_files(home, source)
    assert deploy_files(home, source).code_hash == first.code_hash
    (home.clients / "Utils" / "days.py").write_text("FIRST = 2\n")
    second = deploy_files(home, source)
    assert second.code_hash != first.code_hash
    assert {path.name for path in second.folder.parent.iterdir()} == {first.code_hash, second.code_hash}


def test_content_that_moves_from_one_file_to_another_is_another_version(home: Home) -> None:
    path = home.clients / "x.py"
    path.write_text("import y\nA = 1\n")
    (home.clients / "y.py").write_text("B = 1\n")
    first = deploy_files(home, path)
    path.write_text("import y\n")
    (home.clients / "y.py").write_text("A = 1\nB = 1\n")
    assert deploy_files(home, path).code_hash != first.code_hash


def test_a_refused_deploy_leaves_nothing(home: Home, source: Path) -> None:
    source.write_text("def broken(:\n")
    with pytest.raises(ClientLoadError):
        deploy_files(home, source)
    assert list(home.deployed.iterdir()) == []


def test_deploys_at_one_time_leave_one_whole_version(home: Home, source: Path) -> None:
    errors: list[BaseException] = []

    def deploy() -> None:
        try:
            deploy_files(home, source)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=deploy) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    versions = list((home.deployed / "mine").iterdir())
    assert len(versions) == 1
    assert (versions[0] / "mine.py").read_text() == CLIENT


def test_a_file_and_a_package_of_one_name_are_refused(home: Home, source: Path) -> None:
    (home.clients / "mine").mkdir()
    (home.clients / "mine" / "__init__.py").write_text("")
    for either in (source, source.with_suffix("")):
        with pytest.raises(ClientError, match="two clients are called 'mine'"):
            deploy_files(home, either)


def test_another_file_of_the_same_name_is_refused_until_the_first_is_removed(
    home: Home, source: Path, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "mine.py"
    other.parent.mkdir()
    other.write_text(CLIENT)
    with pytest.raises(ClientError, match="deployed from") as refused:
        deploy_files(home, other, known_source=str(source))
    assert "quantstrip remove mine" in str(refused.value)
    assert check_unique(source, str(source)) == "mine"
    source.unlink()
    assert check_unique(other, str(source)) == "mine"


@pytest.mark.parametrize("given", ["mine", "mine.py"])
def test_a_client_is_found_by_its_name_in_the_clients_folder(home: Home, source: Path, given: str) -> None:
    assert find_source(home, given) == source.resolve()


def test_the_init_file_of_a_package_means_the_package(home: Home) -> None:
    folder = home.clients / "pairs"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    assert find_source(home, folder / "__init__.py") == folder.resolve()
    assert find_source(home, "pairs") == folder.resolve()


def test_a_client_that_is_not_there_is_answered_with_those_that_are(home: Home, source: Path) -> None:
    with pytest.raises(ClientNotFound, match="Clients there: mine"):
        find_source(home, "yours")


def test_a_changed_source_or_helper_differs_until_it_is_changed_back(home: Home, source: Path) -> None:
    made = deploy_files(home, source)
    watch = SourceWatch(home)

    def differs_now() -> bool:
        seen = watch.differs(str(source), made.code_hash)
        assert seen is differs(home, str(source), made.code_hash)
        return seen

    assert not differs_now()
    source.write_text(CLIENT + "# changed\n")
    assert differs_now()
    source.write_text(CLIENT)
    assert not differs_now()
    (home.clients / "Utils" / "days.py").write_text("FIRST = 22\n")
    assert differs_now()
    (home.clients / "Utils" / "days.py").write_text("FIRST = 1\n")
    assert not differs_now()


def test_a_source_that_is_gone_or_half_saved_differs(home: Home, source: Path) -> None:
    made = deploy_files(home, source)
    watch = SourceWatch(home)
    source.write_text("class Client(")
    assert watch.differs(str(source), made.code_hash)
    source.unlink()
    assert watch.differs(str(source), made.code_hash)
    source.write_text(CLIENT)
    assert not watch.differs(str(source), made.code_hash)


def test_a_new_deploy_ends_the_difference(home: Home, source: Path) -> None:
    first = deploy_files(home, source)
    watch = SourceWatch(home)
    source.write_text(CLIENT + "# changed\n")
    assert watch.differs(str(source), first.code_hash)
    assert not watch.differs(str(source), deploy_files(home, source).code_hash)

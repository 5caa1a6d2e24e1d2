"""``python -m quantstrip.supervise.host CONFIG PARENT``: supervisord, ended by the kernel if ``up`` is killed."""

import sys

from quantstrip.supervise.tether import tether


def main(arguments: list[str]) -> None:
    """Run supervisord in the foreground on a generated configuration."""
    configuration, parent = arguments
    tether(int(parent))
    from supervisor.supervisord import main as supervisord  # type: ignore[import-untyped]

    supervisord(["--nodaemon", "--configuration", configuration])


if __name__ == "__main__":
    main(sys.argv[1:])

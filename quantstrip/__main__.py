"""``python -m quantstrip`` is the ``quantstrip`` command."""

from quantstrip.cli import main

if __name__ == "__main__":
    main()

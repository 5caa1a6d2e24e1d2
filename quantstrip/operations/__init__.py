"""What a person can do, once, for the command line, the dashboard and the gateway alike.

One module per family, imported by name (``from quantstrip.operations import clients``); each function takes a ``Home``
and gives back plain dataclasses. Importing this package loads none of them.
"""

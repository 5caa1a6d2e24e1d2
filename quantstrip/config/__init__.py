"""The settings tree and its secrets; public as ``settings`` and ``settings_manager``, one object.

Importing this room reads no file: the tree is read at the first question, the key at the first secret.
"""

from quantstrip.config.manager import Setting, SettingsManager
from quantstrip.config.values import ValueType

settings = SettingsManager()
"""The settings of the home that ``find_home()`` names at the first question."""

settings_manager = settings

__all__ = ["Setting", "SettingsManager", "ValueType", "settings", "settings_manager"]

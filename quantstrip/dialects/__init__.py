"""The strategy forms: each recognised by its text, and run as the native contract."""

from quantstrip.dialects.forms import Dialect, Form, Loaded
from quantstrip.dialects.loading import declared, form_named, form_of, load, recognise, result_of

__all__ = ["Dialect", "Form", "Loaded", "declared", "form_named", "form_of", "load", "recognise", "result_of"]

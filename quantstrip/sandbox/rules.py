"""What untrusted strategy code may use: an allowlist of modules, and the names that lead out of one.

The lists follow the strategy guide's chapter on generated code: everything for computing, nothing of the system.
They make honest code fail early and with words. What holds against dishonest code is the child process that runs it.
"""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODULES: Final = _words("""
    __future__ abc bisect calendar cmath collections copy core dataclasses datetime decimal enum fractions
    functools heapq itertools math numbers operator random re statistics string strategies textwrap time typing
    zoneinfo numpy pandas pydantic scipy sklearn statsmodels talib
""")
"""Top-level modules that may be imported; of ``quantstrip`` only ``PLATFORM_NAMES``."""

PLATFORM: Final = _words("""
    quantstrip quantstrip.dialects.candle quantstrip.indicators quantstrip.model quantstrip.strategy
    quantstrip.strategy.vectorized
""")
"""Modules of the platform that names are imported from."""
PLATFORM_NAMES: Final = _words("""
    Allowed Bar CandleAggregator Indicators Instrument Leg Line MidPriceCandle OrderSide OrderState OrderType Quote
    Signal Strategy StrategyBase TIMEFRAMES Tick TimeInForce VectorizedStrategy atr bollinger_bands ema rsi sma
""")
"""What may be imported from them: what a strategy is written with."""

HIDDEN: Final = _words("""
    numpy.ctypeslib numpy.distutils numpy.f2py numpy.testing pandas.io pandas.testing scipy.io scipy.datasets
    scipy.weave sklearn.datasets sklearn.externals sklearn.utils._testing statsmodels.datasets statsmodels.iolib
    pydantic.v1 pydantic.deprecated core.testing operator.attrgetter operator.methodcaller statsmodels.formula
""")
"""Parts of allowed packages that read files, compile, call into the system, or reach attributes by a text."""

CALLS: Final = _words("""
    __import__ breakpoint compile delattr eval exec exit getattr globals help input locals memoryview open quit
    setattr vars
""")
"""Builtins that may not be named, whatever for: a name that is only passed on is called elsewhere."""

SYSTEM: Final = _words("""
    asyncio atexit builtins cffi copyreg ctypes ctypeslib distutils f2py faulthandler formula ftplib gc importlib
    inspect io linecache marshal mmap multiprocessing nt os pathlib pickle posix pty requests runpy shelve shutil
    smtplib socket sqlite3 subprocess sys tempfile threading urllib webbrowser
""")
"""Names of modules that libraries carry as attributes (``random._os``): nobody needs an attribute of that name."""

INNARDS: Final = _words("""
    ag_code ag_frame attrgetter co_code cr_await cr_code cr_frame f_back f_builtins f_code f_globals f_locals func_code
    func_globals get_field gi_code gi_frame gi_yieldfrom methodcaller mro tb_frame tb_next
    ForwardRef ImportString LowLevelCallable PyObject TypeAdapter create_model evaluate_forward_ref from_formula
    get_type_hints import_string model_rebuild
""")
"""Names that lead from an object to the interpreter that runs it, or that run a text as code; also when imported."""

DUNDERS: Final = _words("""
    __abs__ __add__ __all__ __and__ __annotations__ __author__ __bool__ __call__ __contains__ __doc__ __enter__
    __eq__ __exit__ __float__ __floordiv__ __format__ __ge__ __getitem__ __gt__ __hash__ __init__
    __init_subclass__ __int__ __iter__ __le__ __len__ __lt__ __mod__ __mul__ __name__ __ne__ __neg__ __next__
    __or__ __post_init__ __pow__ __radd__ __repr__ __rmul__ __round__ __rsub__ __setitem__ __slots__ __str__
    __sub__ __truediv__ __version__ __xor__
""")
"""Double-underscore names that a strategy may use or define."""

UNDERSCORED: Final = _words("""
    _asdict _fields _replace _bars
""")
"""Names with one underscore that may be read from any object; from ``self``, ``cls`` and ``super()`` all may."""

FILES: Final = _words("""
    DataSource ExcelFile ExcelWriter HDFStore from_file fromfile fromregex genfromtxt imread imsave load_library
    loadmat loadtxt memmap open_memmap savemat savetxt savez savez_compressed to_clipboard to_csv to_excel
    to_feather to_gbq to_hdf to_html to_iceberg to_latex to_markdown to_orc to_parquet to_pickle to_sql to_stata
    to_xml tofile
""")
"""Attributes that read or write files; besides them everything that begins with ``read_``."""
FILES_OF: Final = {
    "np": frozenset({"load", "save"}),
    "numpy": frozenset({"load", "save"}),
    "pd": frozenset({"eval"}),
    "pandas": frozenset({"eval"}),
}
"""Short names that mean files, or code in text, only on these modules, whatever a program calls those."""

BY_TEXT: Final = _words("agg aggregate apply applymap map pipe transform")
"""Methods of a table that call another one whose name they are given as a text."""

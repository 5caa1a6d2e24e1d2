"""Ways out of a strategy, each refused by its text, with the rule and the line; and what a strategy may do."""

from pathlib import Path

import pytest

from quantstrip.sandbox import check_source

_ESCAPES = [
    ("import os", "import"),
    ("import sys as s", "import"),
    ("from subprocess import run", "import"),
    ("import os.path", "import"),
    ("import socket, math", "import"),
    ("from importlib import import_module", "import"),
    ("import ctypes", "import"),
    ("import numpy.ctypeslib", "import"),
    ("from numpy import ctypeslib", "import"),
    ("from pandas import io", "import"),
    ("from pandas.io import common", "import"),
    ("from random import _os", "import"),
    ("from statistics import sys", "import"),
    ("from math import *", "import"),
    ("from . import helper", "import"),
    ("import quantstrip.ledger", "import"),
    ("from quantstrip import db_handler", "import"),
    ("from quantstrip.strategy import load_module", "import"),
    ("import quantstrip.strategy", "import"),
    ("import pickle", "import"),
    ("import threading", "import"),
    ("import multiprocessing", "import"),
    ("exec('1')", "builtin"),
    ("eval('1')", "builtin"),
    ("compile('1', '', 'eval')", "builtin"),
    ("__import__('os')", "builtin"),
    ("open('/etc/passwd')", "builtin"),
    ("breakpoint()", "builtin"),
    ("input()", "builtin"),
    ("globals()['x']", "builtin"),
    ("vars()", "builtin"),
    ("run = eval", "builtin"),
    ("list(map(exec, ['1']))", "builtin"),
    ("getattr(x, 'a' + 'b')", "builtin"),
    ("().__class__.__bases__[0].__subclasses__()", "attribute"),
    ("x.__class__.__mro__", "attribute"),
    ("type(x).mro()", "attribute"),
    ("(lambda: 0).__globals__", "attribute"),
    ("(lambda: 0).__code__.co_consts", "attribute"),
    ("f.__closure__[0].cell_contents", "attribute"),
    ("(x for x in ()).gi_frame.f_back.f_builtins", "attribute"),
    ("error.__traceback__.tb_frame.f_globals", "attribute"),
    ("import random\nrandom._os.system('id')", "attribute"),
    ("import statistics\nstatistics.sys.modules", "attribute"),
    ("self._sys", "attribute"),
    ("import pandas as pd\npd.compat.os.system('id')", "attribute"),
    ("bar._secret", "attribute"),
    ("x.__reduce_ex__(2)", "attribute"),
    ("x.__dict__", "attribute"),
    ("print.__self__", "attribute"),
    ("__builtins__['open']", "name"),
    ("__loader__", "name"),
    ("__spec__.loader", "name"),
    ("'{0.__class__.__init__.__globals__}'.format(x)", "text"),
    ("import pandas as pd\npd.read_csv('/etc/passwd')", "file"),
    ("import pandas as pd\npd.read_pickle('x')", "file"),
    ("df.to_csv('/tmp/x')", "file"),
    ("df.to_pickle('/tmp/x')", "file"),
    ("import numpy as np\nnp.load('x', allow_pickle=True)", "file"),
    ("import numpy as np\nnp.fromfile('/etc/passwd')", "file"),
    ("import numpy as np\nnp.memmap('/etc/passwd')", "file"),
    ("a.tofile('/tmp/x')", "file"),
    ("import pandas as pd\npd.eval('1')", "file"),
    ("match x:\n    case object(__class__=found):\n        pass", "attribute"),
    ("('{0.__cl' + 'ass' + '__}').format(x)", "text"),
    ("f'__{\"class\"}__'", "text"),
    ("'{0.' + ''.join(['__cl', 'ass__']) + '}'", "text"),
    ("parts = ['__cl', 'ass__']\n''.join(parts)", "text"),
    ("''.join(map(chr, [95, 95, 99, 108, 97, 115, 115, 95, 95]))", "text"),
    ("chr(95) + chr(95) + 'class' + 2 * '_' + chr(95) * 2", "text"),
    ("bytes([95, 95, 99, 108, 97, 115, 115, 95, 95]).decode()", "text"),
    ("'%s%s' % ('__cl', 'ass__')", "text"),
    ("'__%s__' % 'globals'", "text"),
    ("'{}{}'.format('__cl', 'ass__')", "text"),
    ("'{a}{1}'.format(x, 'ass__', a='__cl')", "text"),
    ("'{:.9}'.format('__class__xyz')", "text"),
    ("'__ssalc__'[::-1]", "text"),
    ("''.join(reversed('__ssalc__'))", "text"),
    ("'__xlass__'.replace('x', 'c')", "text"),
    ("'__CLASS__'.lower()", "text"),
    ("b'__class__'.decode()", "text"),
    ("low = '_'\nf'{low}{low}class{low}{low}'", "text"),
    ("name = '__cl'\nname += 'ass__'\nname.strip()", "text"),
    ("'__cl' + other + 'ass__'", "text"),
    ("\n".join(f"a{n} = a{n + 1} + a{n + 1}" for n in range(400)) + "\na400 = 'x'", "size"),
    ("a = '" + "x" * 9_000 + "'\n" + "a + a\n" * 20_000, "size"),
    ("from numpy import load", "import"),
    ("from numpy import fromfile, memmap", "import"),
    ("from pandas import read_csv", "import"),
    ("from pandas import eval as calculate", "import"),
    ("import numpy as n\nn.load('x')", "file"),
    ("import pandas as p\np.eval('1')", "file"),
    ("import statsmodels.formula.api as smf", "import"),
    ("import statsmodels.api as sm\nsm.formula.ols('y ~ open(1)', df)", "attribute"),
    ("sm.OLS.from_formula('y ~ open(1)', df)", "attribute"),
    ("df.apply('to_csv', path_or_buf='/tmp/x')", "file"),
    ("df.groupby('a').agg({'a': ['to_pickle']})", "file"),
    ("df.pipe(func='eval')", "file"),
    ("from pydantic import ImportString", "import"),
    ("import pydantic\npydantic.create_model('M', x=('open(1)', ...))", "attribute"),
    ("class M(BaseModel):\n    x: 'open(1)'", "builtin"),
    ("def f(x: 'list[eval(1)]'): pass", "builtin"),
    ("class M(BaseModel):\n    x: List['().__class__']", "attribute"),
    ("import typing\ntyping.get_type_hints(f)", "attribute"),
    ("import numpy as np\nnp.f2py.compile('x')", "attribute"),
    ("import scipy\nscipy.LowLevelCallable(x)", "attribute"),
    ("df.eval('@pd.io.common.os')", "attribute"),
    ("df.query('@x.__class__ == 1')", "attribute"),
    ("df.query(expr='@f.gi_frame')", "attribute"),
    ("df.eval('@pd.' + name)", "text"),
    ("df.query('a >')", "text"),
    ("df.query('a > @open(1)')", "builtin"),
    ("import operator\noperator.attrgetter(name)(x)", "attribute"),
    ("from operator import attrgetter", "import"),
    ("import string\nstring.Formatter().get_field(text, (x,), {})", "attribute"),
    ("def on_bar(:", "syntax"),
    ("x = 1\n\x00", "syntax"),
    ("x = " + "-" * 5_000 + "1", "syntax"),
    ("x = " + "(" * 150 + "1" + ")" * 150 + " + " + "+".join(["1"] * 400), "size"),
    ("#" * 1_100_000, "size"),
]


@pytest.mark.parametrize(("code", "rule"), _ESCAPES)
def test_a_way_out_is_refused_with_its_rule(code: str, rule: str) -> None:
    assert rule in {finding.rule for finding in check_source(code.encode())}


def test_the_line_and_the_column_are_named() -> None:
    (found,) = check_source(b"import math\n\nclass S:\n    x = eval('1')\n")
    assert (found.rule, found.line, found.column) == ("builtin", 4, 9)


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nimport pandas as pd\nimport talib\nfrom scipy import stats\nfrom sklearn.svm import SVC",
        "from core.models import Bar, Signal\nfrom core.enums import OrderSide",
        "from strategies.base import StrategyBase",
        "from quantstrip import StrategyBase, Signal\nfrom quantstrip.model import Bar",
        "import math, statistics\nfrom collections import deque\nfrom dataclasses import dataclass",
        "class S:\n    def __init__(self):\n        super().__init__()\n        self._held = {}\n"
        "    def on_bar(self, bar):\n"
        "        return self._bars[bar.symbol][-1].close, bar._replace(close=1.0), macd.signal, f'{bar.close:.2f}'",
        "'a {} {name}'.format(1, name=2)",
        "df.query('close > open and `a b` > @limit')\ndf.eval('range = high - low')\n'a' + 'b' + f'{x:.2f}'",
        "match signal:\n    case Signal(side='BUY', quantity=size):\n        pass",
        "df.groupby('x').rolling(3).mean().shift(1)",
        "', '.join(sorted(held)) + '%.2f' % price\n'{:>10,.2f} {name}'.format(price, name='x')\n'abc'[1:][-1]",
        "a = b\nb = a\n''.join(a) + 'x' * 1_000_000 + '{:>999999999}'.format('x') + 'x'.replace('', 'y')",
        "def f(x: 'pd.DataFrame', y: Literal['one two', 'open'] = 'open') -> 'np.ndarray': pass",
        "df.groupby('open').agg({'open': 'first', 'high': 'max'})['open'].map({'read': 1})",
        "from numpy import array, nan\nfrom pandas import DataFrame\nfrom pydantic import BaseModel, Field",
        "total = " + " + ".join(f"x{n}" for n in range(150)),
    ],
)
def test_what_a_strategy_is_made_of_passes(code: str) -> None:
    assert check_source(code.encode(), look_ahead=True) == []


@pytest.mark.parametrize(
    "code",
    [
        "df['close'].shift(-1)", "df.close.shift(periods=-n)", "df.diff(-2)", "df.pct_change(-1)", "df.bfill()",
        "df.fillna(method='bfill')", "df.rolling(5, center=True).mean()",
    ],
)  # fmt: skip
def test_what_reads_later_bars_is_refused_where_they_are_there(code: str) -> None:
    assert [finding.rule for finding in check_source(code.encode(), look_ahead=True)] == ["look-ahead"]
    assert check_source(code.encode()) == []


@pytest.mark.parametrize(
    "file", sorted(Path(__file__).parents[3].glob("examples/*_cross.py")), ids=lambda path: path.name
)
def test_our_own_examples_pass(file: Path) -> None:
    assert check_source(file.read_bytes()) == []

"""``from Utils import calendar_utils`` works for a client whose clients folder is importable."""

import subprocess
import sys

from quantstrip.home import asset


def test_the_helpers_are_importable_from_the_clients_folder() -> None:
    program = (
        "import sys\n"
        "sys.path.append(sys.argv[1])\n"
        "from Utils import calendar_utils\n"
        "assert isinstance(calendar_utils.business_day_number_today(), int)\n"
        "assert isinstance(calendar_utils.business_day_number_today(calendar='NYSE'), int)\n"
        "assert calendar_utils.is_last_business_day_of_month('24/7') in (True, False)\n"
        "print('ok')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(asset("clients"))], capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("ok\n", "")

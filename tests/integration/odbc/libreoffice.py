"""What LibreOffice makes of a data source and of a workbook, as JSON; run by the system's Python, which has ``uno``.

``libreoffice.py FOLDER DSN WORKBOOK VIEW...`` imports each view into a sheet, as a user drags it there, tries to write
through the data source, and reads the workbook. FOLDER takes the profile and the result.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import uno  # type: ignore[import-not-found] # LibreOffice's own
from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found]
from com.sun.star.sheet.DataImportMode import TABLE  # type: ignore[import-not-found]
from com.sun.star.uno import Exception as UnoException  # type: ignore[import-not-found]

folder, dsn, workbook, *views = sys.argv[1:]
HIDDEN = "Hidden"


def option(name: str, value: Any) -> Any:
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def connected(pipe: str, seconds: float = 90.0) -> Any:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    deadline = time.monotonic() + seconds
    while True:
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except UnoException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def cells(sheet: Any) -> Any:
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    end = cursor.RangeAddress
    return sheet.getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow).getDataArray()


def look(context: Any) -> dict[str, Any]:
    def made(name: str) -> Any:
        return context.ServiceManager.createInstanceWithContext(name, context)

    contexts, desktop = made("com.sun.star.sdb.DatabaseContext"), made("com.sun.star.frame.Desktop")
    source = contexts.createInstance()
    source.URL, source.Info = f"sdbc:odbc:{dsn}", (option("CharSet", "utf-8"),)
    source.DatabaseDocument.storeAsURL((Path(folder) / "source.odb").as_uri(), ())
    contexts.registerObject("ledger", source)
    found: dict[str, Any] = {"views": {}}
    for view in views:
        book = desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, (option(HIDDEN, True),))
        sheet = book.Sheets.getByIndex(0)
        sheet.getCellByPosition(0, 0).doImport(
            (option("DatabaseName", "ledger"), option("SourceType", TABLE), option("SourceObject", view))
        )
        found["views"][view] = cells(sheet)
        book.close(True)
    connection = source.getConnection("", "")
    try:
        connection.createStatement().executeUpdate("DELETE FROM broker")
        found["write"] = "allowed"
    except UnoException as error:
        found["write"] = error.Message
    connection.close()
    book = desktop.loadComponentFromURL(Path(workbook).as_uri(), "_blank", 0, (option(HIDDEN, True),))
    found["sheets"] = {name: cells(book.Sheets.getByName(name)) for name in book.Sheets.ElementNames}
    found["charts"] = len(book.Sheets.getByIndex(0).Charts.ElementNames)
    (Path(folder) / "open").touch()
    deadline = time.monotonic() + 20
    while not (Path(folder) / "tried").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    book.close(True)
    return found


pipe = f"quantstrip{os.getpid()}"
office = subprocess.Popen(
    ["soffice", "--headless", "--norestore", "--nologo", "--nodefault", f"--accept=pipe,name={pipe};urp;",
     f"-env:UserInstallation={(Path(folder) / 'profile').as_uri()}"],
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
)  # fmt: skip
try:
    (Path(folder) / "found.json").write_text(json.dumps(look(connected(pipe))))
finally:
    os.killpg(office.pid, signal.SIGKILL)
    office.wait()

"""Supervision: supervisord as the host of all processes, the warden that looks after clients, the deploy store."""

from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.book import ClientRow, RunRow, client_row, run_row
from quantstrip.supervise.configuration import render_unit, write_config, write_program
from quantstrip.supervise.control import Control
from quantstrip.supervise.deploy import Deployment, deploy_files, version_folder
from quantstrip.supervise.differs import differs
from quantstrip.supervise.memory import MemorySupervisor
from quantstrip.supervise.record import ServiceRecord, read_record, service_pid

__all__ = [
    "ClientRow",
    "Control",
    "Deployment",
    "MemorySupervisor",
    "RunRow",
    "ServiceRecord",
    "SupervisordSupervisor",
    "client_row",
    "deploy_files",
    "differs",
    "read_record",
    "render_unit",
    "run_row",
    "service_pid",
    "version_folder",
    "write_config",
    "write_program",
]

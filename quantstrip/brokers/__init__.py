"""Brokers: where orders go. Adapters to real ones join here."""

from quantstrip.brokers.simulated import SimulatedBroker
from quantstrip.matching import FREE, CostModel

__all__ = ["FREE", "CostModel", "SimulatedBroker"]

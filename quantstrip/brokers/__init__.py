"""Brokers: where orders go. Adapters to real ones join here."""

from quantstrip.brokers.carrying import Carry, CarryingBroker
from quantstrip.brokers.sharing import SharingBroker
from quantstrip.brokers.simulated import SimulatedBroker
from quantstrip.matching import FREE, CostModel

__all__ = ["FREE", "Carry", "CarryingBroker", "CostModel", "SharingBroker", "SimulatedBroker"]

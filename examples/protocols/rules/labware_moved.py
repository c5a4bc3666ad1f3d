"""A plate leaves the deck and comes back to another slot; another plate stands in its slot meanwhile."""

from opentrons import protocol_api

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 150, water)
    plate.load_empty(["B1"])
    pipette.transfer(30, plate["A1"], plate["B1"])
    protocol.move_labware(plate, protocol_api.OFF_DECK)
    other = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    other.load_liquid(["A1"], 60, water)
    other.load_empty(["B1"])
    pipette.transfer(20, other["A1"], other["B1"])
    protocol.move_labware(other, "5")
    protocol.move_labware(plate, "2")
    pipette.transfer(40, plate["A1"], plate["B1"])
    pipette.transfer(5, plate["B1"], other["B1"])

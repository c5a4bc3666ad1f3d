"""PARTIAL_COLUMN: the front nozzles of an 8-channel at work. H1 is the primary nozzle: the others stand behind the named well."""

from opentrons.protocol_api import PARTIAL_COLUMN

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(plate.columns()[0], 100, water)
    plate.load_empty(plate.columns()[1])
    pipette.configure_nozzle_layout(style=PARTIAL_COLUMN, start="H1", end="E1", tip_racks=[tips])
    pipette.transfer(30, plate["D1"], plate["H2"])

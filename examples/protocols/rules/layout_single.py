"""SINGLE: one nozzle of an 8-channel at work, at the front and then at the back."""

from opentrons.protocol_api import SINGLE

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "4")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "5")
    pipette = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(plate.columns()[0], 100, water)
    plate.load_empty(plate.columns()[1])
    pipette.configure_nozzle_layout(style=SINGLE, start="H1", tip_racks=[tips])
    pipette.transfer(30, plate["A1"], plate["B2"])
    pipette.configure_nozzle_layout(style=SINGLE, start="A1", tip_racks=[tips])
    pipette.transfer(20, plate["H1"], plate["G2"])

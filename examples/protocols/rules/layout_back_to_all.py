"""After SINGLE, ALL again: the whole head works, from A1."""

from opentrons.protocol_api import ALL, SINGLE

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    water = protocol.define_liquid("water")
    more = protocol.load_labware("opentrons_96_tiprack_300ul", "4")
    plate.load_liquid(plate.columns()[0], 100, water)
    plate.load_empty(plate.columns()[1])
    pipette.configure_nozzle_layout(style=SINGLE, start="H1", tip_racks=[tips])
    pipette.transfer(20, plate["C1"], plate["C2"])
    pipette.configure_nozzle_layout(style=ALL, tip_racks=[more])
    pipette.transfer(30, plate["A1"], plate["A2"])

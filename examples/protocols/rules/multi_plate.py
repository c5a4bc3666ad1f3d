"""An 8-channel over a plate reaches the eight wells of a column."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(plate.columns()[0], 100, water)
    plate.load_empty(plate.columns()[1] + plate.columns()[11])
    pipette.transfer(25, plate["A1"], [plate["A2"], plate["A12"]])

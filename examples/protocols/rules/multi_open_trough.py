"""An 8-channel over one open trough: all its nozzles draw from it."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    water = protocol.define_liquid("water")
    reservoir = protocol.load_labware("nest_1_reservoir_195ml", "3")
    reservoir.load_liquid(["A1"], 50000, water)
    plate.load_empty(plate.columns()[0])
    pipette.transfer(80, reservoir["A1"], plate["A1"])

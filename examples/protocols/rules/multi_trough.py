"""An 8-channel over a reservoir of twelve stands in one trough with all its nozzles: eight times the volume leaves it."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    water = protocol.define_liquid("water")
    reservoir = protocol.load_labware("nest_12_reservoir_15ml", "3")
    reservoir.load_liquid(["A1", "A3"], 5000, water)
    plate.load_empty(plate.columns()[0] + plate.columns()[1])
    pipette.transfer(50, reservoir["A1"], plate["A1"])
    pipette.transfer(20, reservoir["A3"], plate["A2"])
    pipette.transfer(10, plate["A2"], reservoir["A1"])

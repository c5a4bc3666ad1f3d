"""A single channel between tubes of two sizes in one rack."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    rack = protocol.load_labware("opentrons_10_tuberack_falcon_4x50ml_6x15ml_conical", "3")
    rack.load_liquid(["A1"], 900, water)
    rack.load_liquid(["A3"], 20000, water)
    rack.load_empty(["B1", "C2"])
    plate.load_empty(["A1"])
    pipette.transfer(450, rack["A1"], rack["B1"])
    pipette.transfer(600, rack["A3"], rack["C2"])
    pipette.transfer(33, rack["C2"], plate["A1"])

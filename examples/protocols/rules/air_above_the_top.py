"""Drawn above the top of a well: air. The engine counts it as liquid."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 100, water)
    plate.load_empty(["B1"])
    pipette.pick_up_tip()
    pipette.aspirate(30, plate["A1"])
    pipette.aspirate(10, plate["A1"].top(3))
    pipette.dispense(40, plate["B1"])
    pipette.drop_tip()

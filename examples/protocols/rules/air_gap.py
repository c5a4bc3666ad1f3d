"""Air behind and between liquids is no liquid: what comes out of the tip is counted without it."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1", "A2"], 100, water)
    plate.load_empty(["B1", "C1"])
    pipette.pick_up_tip()
    pipette.aspirate(30, plate["A1"])
    pipette.air_gap(10, in_place=True)
    pipette.aspirate(20, plate["A2"])
    pipette.air_gap(5, in_place=True)
    pipette.dispense(25, plate["B1"])
    pipette.dispense(40, plate["C1"])
    pipette.drop_tip()

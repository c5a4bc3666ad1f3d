"""Aspirate and dispense without a place act where the tip stands."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 100, water)
    plate.load_empty(["B1", "C1"])
    pipette.pick_up_tip()
    pipette.move_to(plate["A1"].bottom(1))
    pipette.aspirate(40)
    pipette.move_to(plate["B1"].bottom(1))
    pipette.dispense(15)
    pipette.dispense(5)
    pipette.touch_tip(plate["C1"])
    pipette.dispense(20)
    pipette.drop_tip()

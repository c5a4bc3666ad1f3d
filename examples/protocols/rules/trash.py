"""What is dispensed or dropped into trash is gone."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 150, water)
    plate.load_empty(["B1"])
    pipette.pick_up_tip()
    pipette.aspirate(60, plate["A1"])
    pipette.dispense(20, protocol.fixed_trash)
    pipette.dispense(10, plate["B1"])
    pipette.drop_tip()
    pipette.pick_up_tip()
    pipette.aspirate(40, plate["A1"])
    pipette.blow_out(protocol.fixed_trash)
    pipette.drop_tip()

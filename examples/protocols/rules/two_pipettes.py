"""Two pipettes take turns; one holds its liquid while the other works."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    small_tips = protocol.load_labware("opentrons_96_tiprack_20ul", "4")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    multi = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    single = protocol.load_instrument("p20_single_gen2", "right", [small_tips])
    water = protocol.define_liquid("water")
    dye = protocol.define_liquid("dye")
    plate.load_liquid([f"{row}1" for row in "ABCDEFGH"], 150, water)
    plate.load_liquid(["A12"], 100, dye)
    plate.load_empty([f"{row}2" for row in "ABCDEFGH"])
    multi.pick_up_tip()
    multi.aspirate(100, plate["A1"])
    single.pick_up_tip()
    single.aspirate(15, plate["A12"])
    single.dispense(5, plate["A2"])
    multi.dispense(80, plate["A2"])
    single.dispense(10, plate["C2"])
    multi.blow_out(protocol.fixed_trash)
    single.aspirate(20, plate["B2"])
    multi.drop_tip()
    single.dispense(20, plate["A12"])
    single.drop_tip()

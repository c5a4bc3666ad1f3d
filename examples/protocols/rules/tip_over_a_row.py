"""One tip goes over a row, and takes from each well for the next."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    dye = protocol.define_liquid("dye")
    plate.load_liquid(["A1"], 200, dye)
    plate.load_liquid([f"A{column}" for column in range(2, 13)], 100, water)
    pipette.pick_up_tip()
    for column in range(1, 12):
        pipette.aspirate(100, plate[f"A{column}"])
        pipette.dispense(100, plate[f"A{column + 1}"])
        pipette.mix(2, 60, plate[f"A{column + 1}"])
    pipette.drop_tip()

"""Two-fold dilutions along a row, with one tip and mixing."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 200, protocol.define_liquid("serum"))
    plate.load_liquid(plate.rows()[0][1:6], 100, water)
    pipette.pick_up_tip()
    for source, target in zip(plate.rows()[0][:5], plate.rows()[0][1:6]):
        pipette.aspirate(100, source)
        pipette.dispense(100, target)
        pipette.mix(3, 80, target)
    pipette.aspirate(100, plate["A6"])
    pipette.drop_tip()

"""A single channel moves liquid from well to well, one tip a transfer."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 150, water)
    plate.load_empty(["B1", "C1", "D12"])
    pipette.transfer([40, 30.5, 0.7], plate["A1"], [plate["B1"], plate["C1"], plate["D12"]], new_tip="always")

"""An 8-channel over a 384 plate reaches every second row: A, C, E … or B, D, F …."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    water = protocol.define_liquid("water")
    big = protocol.load_labware("corning_384_wellplate_112ul_flat", "3")
    big.load_liquid(big.columns()[0], 60, water)
    big.load_empty(big.columns()[1] + big.columns()[23])
    plate.load_empty(plate.columns()[0])
    pipette.transfer(20, big["A1"], big["A2"])
    pipette.transfer(30, big["B1"], big["B24"])
    pipette.transfer(25, big["B1"], plate["A1"])

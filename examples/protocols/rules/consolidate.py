"""Consolidate draws from several wells into one tip and dispenses all at once."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1", "B1", "C1"], 80, water)
    plate.load_empty(["H12"])
    pipette.consolidate([20, 30, 40], [plate[w] for w in ("A1", "B1", "C1")], plate["H12"])

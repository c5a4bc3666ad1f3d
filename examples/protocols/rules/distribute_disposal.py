"""Distribute draws a disposal volume more than it needs, and blows it out into the trash."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 190, water)
    plate.load_empty(["B1", "C1", "D1", "E1"])
    pipette.distribute(30, plate["A1"], [plate[w] for w in ("B1", "C1", "D1", "E1")], disposal_volume=20)

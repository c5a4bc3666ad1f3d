"""More is drawn than the well holds: the rest is of unknown origin and the well empty. The engine counts below nothing."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 30, water)
    plate.load_empty(["B1"])
    pipette.transfer(50, plate["A1"], plate["B1"])

"""Mixing in place leaves the volume as it is."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1", "B1"], 100, water)
    pipette.pick_up_tip()
    pipette.mix(5, 60, plate["A1"])
    pipette.drop_tip()
    pipette.transfer(20, plate["A1"], plate["B1"], mix_before=(2, 50), mix_after=(3, 80))

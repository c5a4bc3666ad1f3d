"""On a temperature module and a magnetic module liquid moves as anywhere."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    temperature = protocol.load_module("temperature module gen2", "4")
    cold = temperature.load_labware("nest_96_wellplate_100ul_pcr_full_skirt")
    magnet = protocol.load_module("magnetic module gen2", "6")
    plate = magnet.load_labware("nest_96_wellplate_100ul_pcr_full_skirt")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    cold.load_liquid(["A1"], 90, water)
    plate.load_empty(["B1"])
    temperature.set_temperature(4)
    magnet.engage(height_from_base=5)
    pipette.transfer(50, cold["A1"], plate["B1"])
    magnet.disengage()
    pipette.transfer(20, plate["B1"], cold["A1"])

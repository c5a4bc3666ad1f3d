"""A plate on an adapter on a heater-shaker is shaken, moved off by hand, and keeps what it holds."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "11")
    shaker = protocol.load_module("heaterShakerModuleV1", "1")
    adapter = shaker.load_adapter("opentrons_96_flat_bottom_adapter")
    plate = adapter.load_labware("nest_96_wellplate_200ul_flat")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    plate.load_liquid(["A1"], 100, water)
    plate.load_empty(["B1", "C1"])
    shaker.close_labware_latch()
    pipette.transfer(30, plate["A1"], plate["B1"])
    shaker.set_and_wait_for_shake_speed(500)
    protocol.delay(seconds=10)
    shaker.deactivate_shaker()
    shaker.open_labware_latch()
    protocol.move_labware(plate, "5")
    shaker.close_labware_latch()
    pipette.transfer(10, plate["B1"], plate["C1"])

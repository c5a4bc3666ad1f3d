"""Eight nozzles in a reservoir of one well draw, and give back, together."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_2ml_deep", "2")
    reservoir = protocol.load_labware("agilent_1_reservoir_290ml", "3")
    pipette = protocol.load_instrument("p300_multi_gen2", "left", [tips])
    buffer = protocol.define_liquid("buffer")
    reservoir.load_liquid(["A1"], 50_000, buffer)
    plate.load_empty(plate.wells())
    pipette.pick_up_tip()
    pipette.mix(3, 200, reservoir["A1"])
    for column in range(1, 13):
        pipette.aspirate(200, reservoir["A1"])
        pipette.dispense(150, plate[f"A{column}"])
        pipette.dispense(50, reservoir["A1"].top())
    pipette.drop_tip()

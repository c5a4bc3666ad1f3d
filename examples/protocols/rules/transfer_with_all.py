"""One transfer with everything: mixes before and after, air gaps, touched wells, what is left blown out into the source."""

requirements = {"robotType": "OT-2", "apiLevel": "2.24"}


def run(protocol):
    tips = protocol.load_labware("opentrons_96_tiprack_300ul", "1")
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", "2")
    pipette = protocol.load_instrument("p300_single_gen2", "right", [tips])
    water = protocol.define_liquid("water")
    dye = protocol.define_liquid("dye")
    plate.load_liquid(["A1", "A2"], 150, water)
    plate.load_liquid(["B1", "B2"], 50, dye)
    pipette.transfer(
        [40, 25],
        [plate["A1"], plate["A2"]],
        [plate["B1"], plate["B2"]],
        new_tip="always",
        mix_before=(2, 50),
        mix_after=(3, 30),
        air_gap=10,
        touch_tip=True,
        trash=False,
    )

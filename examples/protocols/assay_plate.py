"""Assay plate of a Bradford protein assay, from the dilution plate of `stock_dilution.py`.

An 8-channel lays Bradford reagent into columns 1 to 8, then brings 20 uL of each column
of the dilution plate (known by the barcode in its label; nothing is declared about its
wells here) on top, mixing. A single channel adds a control in triplicate and five blanks
in column 8. The plate is incubated and read at 595 nm.
"""
from opentrons import protocol_api

metadata = {
    "protocolName": "Bradford 2: assay plate",
    "author": "Wellspring",
    "description": "20 uL of each dilution in 180 uL of Bradford reagent; control and blanks in column 8",
}
requirements = {"robotType": "OT-2", "apiLevel": "2.20"}

REAGENT_UL = 180
SAMPLE_UL = 20


def run(protocol: protocol_api.ProtocolContext) -> None:
    multi_tips = protocol.load_labware("opentrons_96_tiprack_300ul", 7)
    single_tips = protocol.load_labware("opentrons_96_tiprack_300ul", 8)
    dilutions = protocol.load_labware("nest_96_wellplate_200ul_flat", 1, label="DILUTION PLATE [DP-0001]")
    assay = protocol.load_labware("corning_96_wellplate_360ul_flat", 2, label="ASSAY PLATE [AP-0001]")
    trough = protocol.load_labware("nest_12_reservoir_15ml", 4, label="REAGENTS [RV-0002]")
    tubes = protocol.load_labware("opentrons_24_tuberack_nest_1.5ml_snapcap", 5, label="CONTROLS [TR-0002]")
    multi = protocol.load_instrument("p300_multi_gen2", "left", tip_racks=[multi_tips])
    single = protocol.load_instrument("p300_single_gen2", "right", tip_racks=[single_tips])

    bradford = protocol.define_liquid("Bradford reagent", description="Coomassie G-250, ready to use", display_color="#2E5AA8")
    control = protocol.define_liquid("BSA control 0.5 mg/mL", description="Independent of the standard", display_color="#E6B422")
    pbs = protocol.define_liquid("PBS buffer", description="Phosphate buffered saline, pH 7.4", display_color="#4FA8D8")
    trough["A1"].load_liquid(bradford, 14000)
    tubes["A1"].load_liquid(control, 300)
    tubes["B1"].load_liquid(pbs, 500)

    protocol.comment("Reagent to columns 1 to 8, one set of tips")
    multi.pick_up_tip()
    for column in range(1, 9):
        multi.aspirate(REAGENT_UL, trough["A1"].bottom(2))
        multi.dispense(REAGENT_UL, assay[f"A{column}"].bottom(4))
    multi.drop_tip()

    protocol.comment("Dilution plate to assay plate, column by column")
    for column in range(1, 8):
        multi.pick_up_tip()
        multi.aspirate(SAMPLE_UL, dilutions[f"A{column}"].bottom(1))
        multi.dispense(SAMPLE_UL, assay[f"A{column}"].bottom(2))
        multi.mix(2, 100, assay[f"A{column}"].bottom(2))
        multi.blow_out(assay[f"A{column}"].top(-2))
        multi.drop_tip()

    protocol.comment("Control and blanks to column 8")
    for row in "ABC":
        single.transfer(SAMPLE_UL, tubes["A1"], assay[f"{row}8"], new_tip="always", mix_after=(2, 100))
    for row in "DEFGH":
        single.transfer(SAMPLE_UL, tubes["B1"], assay[f"{row}8"], new_tip="always", mix_after=(2, 100))

    protocol.delay(minutes=10, msg="Colour develops; then read at 595 nm")

"""Stock and dilution plate of a Bradford protein assay.

A single channel fills column 1 of the dilution plate: BSA standard in rows A and B,
six lysates in C to H, each with a tip of its own. An 8-channel lays PBS into columns
2 to 7, then carries column 1 down the plate, two-fold, to column 6; column 7 stays
PBS, the blank. The dilution plate goes on to `assay_plate.py`, which knows it again
by the barcode in its label.
"""
from opentrons import protocol_api

metadata = {
    "protocolName": "Bradford 1: stock and dilution plate",
    "author": "Wellspring",
    "description": "BSA standard and six lysates, two-fold, six columns, PBS blank in column 7",
}
requirements = {"robotType": "OT-2", "apiLevel": "2.20"}

START_UL = 200
STEP_UL = 100
LAST_DILUTION = 6
BLANK_COLUMN = 7


def run(protocol: protocol_api.ProtocolContext) -> None:
    multi_tips = protocol.load_labware("opentrons_96_tiprack_300ul", 7)
    single_tips = protocol.load_labware("opentrons_96_tiprack_300ul", 8)
    plate = protocol.load_labware("nest_96_wellplate_200ul_flat", 1, label="DILUTION PLATE [DP-0001]")
    trough = protocol.load_labware("nest_12_reservoir_15ml", 4, label="BUFFERS [RV-0001]")
    tubes = protocol.load_labware("opentrons_24_tuberack_nest_1.5ml_snapcap", 5, label="STOCKS [TR-0001]")
    multi = protocol.load_instrument("p300_multi_gen2", "left", tip_racks=[multi_tips])
    single = protocol.load_instrument("p300_single_gen2", "right", tip_racks=[single_tips])

    pbs = protocol.define_liquid("PBS buffer", description="Phosphate buffered saline, pH 7.4", display_color="#4FA8D8")
    bsa = protocol.define_liquid("BSA standard 2 mg/mL", description="Bovine serum albumin in PBS", display_color="#E6B422")
    trough["A1"].load_liquid(pbs, 9000)
    tubes["A1"].load_liquid(bsa, 1000)
    lysates = ["B1", "C1", "D1", "A2", "B2", "C2"]
    for n, tube in enumerate(lysates, start=1):
        lysate = protocol.define_liquid(f"Lysate {n}", description=f"Cleared cell lysate, culture {n}", display_color="#8E44AD")
        tubes[tube].load_liquid(lysate, 400)

    protocol.comment("Standard and lysates to column 1")
    single.transfer(START_UL, tubes["A1"], [plate["A1"], plate["B1"]], new_tip="once")
    for tube, row in zip(lysates, "CDEFGH"):
        single.transfer(START_UL, tubes[tube], plate[f"{row}1"], new_tip="always")

    protocol.comment("PBS to columns 2 to 7, one set of tips")
    multi.pick_up_tip()
    for column in range(2, BLANK_COLUMN + 1):
        multi.aspirate(STEP_UL, trough["A1"].bottom(2))
        multi.dispense(STEP_UL, plate[f"A{column}"].bottom(3))
    multi.drop_tip()

    protocol.comment("Two-fold down the plate, fresh tips for each step")
    for column in range(1, LAST_DILUTION):
        source, target = plate[f"A{column}"], plate[f"A{column + 1}"]
        multi.pick_up_tip()
        multi.aspirate(STEP_UL, source.bottom(1))
        multi.dispense(STEP_UL, target.bottom(1))
        multi.mix(3, 80, target.bottom(1))
        multi.blow_out(target.top(-2))
        multi.drop_tip()

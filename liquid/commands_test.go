package liquid

import (
	"slices"
	"strings"
	"testing"

	"wellspring/ot2"
)

// engineCommands are all command types of Opentrons' engine 8.8.2 (CommandType),
// by what the fold makes of them.
var engineCommands = map[string]string{
	// Moves liquid, tips or labware, says where a pipette stands or what is on the deck.
	"played": `airGapInPlace aspirate aspirateInPlace aspirateWhileTracking blowOutInPlace blowout configureNozzleLayout custom
		dispense dispenseInPlace dispenseWhileTracking dropTip dropTipInPlace liquidProbe loadLabware loadLiquid loadModule loadPipette
		moveLabware moveToAddressableArea moveToAddressableAreaForDropTip moveToCoordinates moveToWell pickUpTip reloadLabware
		touchTip tryLiquidProbe unsafe/blowOutInPlace unsafe/dropTipInPlace`,
	// Acts on liquid where it is: time, heat, shaking, magnets; or opens and closes something.
	"module": `heaterShaker/closeLabwareLatch heaterShaker/deactivateHeater heaterShaker/deactivateShaker heaterShaker/openLabwareLatch
		heaterShaker/setAndWaitForShakeSpeed heaterShaker/setShakeSpeed heaterShaker/setTargetTemperature heaterShaker/waitForTemperature
		magneticModule/disengage magneticModule/engage temperatureModule/deactivate temperatureModule/setTargetTemperature
		temperatureModule/waitForTemperature thermocycler/closeLid thermocycler/deactivateBlock thermocycler/deactivateLid
		thermocycler/openLid thermocycler/runExtendedProfile thermocycler/runProfile thermocycler/setTargetBlockTemperature
		thermocycler/setTargetLidTemperature thermocycler/startRunExtendedProfile thermocycler/waitForBlockTemperature
		thermocycler/waitForLidTemperature waitForDuration`,
	// Does nothing to liquid, tips or place.
	"harmless": `calibration/calibrateModule calibration/calibratePipette calibration/moveToMaintenancePosition captureImage comment
		configureForVolume createTimer getNextTip getTipPresence home identifyModule loadLid loadLidStack loadLiquidClass moveRelative
		pause prepareToAspirate retractAxis savePosition setRailLights setStatusBar setTipState unsafe/engageAxes
		unsafe/updatePositionEstimators verifyTipPresence waitForResume waitForTasks`,
	// Needs hardware that no OT-2 has: in a run of one, something is not understood.
	"unknown": `absorbanceReader/closeLid absorbanceReader/initialize absorbanceReader/openLid absorbanceReader/read
		calibration/calibrateGripper flexStacker/empty flexStacker/fill flexStacker/retrieve flexStacker/setStoredLabware flexStacker/store
		pressureDispense robot/closeGripperJaw robot/moveAxesRelative robot/moveAxesTo robot/moveTo robot/openGripperJaw sealPipetteToTip
		unsafe/flexStacker/closeLatch unsafe/flexStacker/manualRetrieve unsafe/flexStacker/openLatch unsafe/flexStacker/prepareShuttle
		unsafe/placeLabware unsafe/ungripLabware unsealPipetteFromTip`,
}

func TestEveryCommandOfTheEngine(t *testing.T) {
	var all []string
	for what, list := range engineCommands {
		for typ := range strings.FieldsSeq(list) {
			all = append(all, typ)
			t.Run(typ, func(t *testing.T) {
				p := newProtocol()
				p.command(typ, ot2.Params{}, ot2.Result{})
				p.last().Params.LegacyType = "command.COMMENT"
				_, unknown := p.fold(t).Unknown[typ]
				if want := what == "unknown"; unknown != want {
					t.Errorf("not known to the fold: %v, want %v", unknown, want)
				}
				if harmless := idle[typ]; harmless != (what == "harmless") {
					t.Errorf("harmless: %v, and it is listed as %s", harmless, what)
				}
			})
		}
	}
	slices.Sort(all)
	if distinct := slices.Compact(slices.Clone(all)); len(all) != 105 || len(distinct) != len(all) {
		t.Errorf("%d types, %d of them different; the engine has 105", len(all), len(distinct))
	}
}

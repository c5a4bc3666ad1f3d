package project

import "wellspring/lineage"

// The ids of what only a projection makes. See lineage/id.go for the rest.

// ProtocolID is the id of a protocol, by the robot's id of it.
func ProtocolID(protocol string) lineage.ID { return lineage.NewID(lineage.KindProtocol, protocol) }

// RobotID is the id of a robot, by its serial number.
func RobotID(serial string) lineage.ID { return lineage.NewID(lineage.KindRobot, serial) }

// SoftwareID is the id of a version of the robot's software.
func SoftwareID(version string) lineage.ID {
	return lineage.NewID(lineage.KindSoftware, "opentrons", version)
}

// PipetteID is the id of a pipette, by its serial number.
func PipetteID(serial string) lineage.ID { return lineage.NewID(lineage.KindPipette, "serial", serial) }

// ModuleID is the id of a module, by its serial number.
func ModuleID(serial string) lineage.ID { return lineage.NewID(lineage.KindModule, "serial", serial) }

// RunPipetteID is the id of a pipette whose serial number nobody said: it is
// known in its run only.
func RunPipetteID(run, pipette string) lineage.ID {
	return lineage.NewID(lineage.KindPipette, "run", run, pipette)
}

// RunModuleID is the id of a module whose serial number nobody said.
func RunModuleID(run, module string) lineage.ID {
	return lineage.NewID(lineage.KindModule, "run", run, module)
}

// The datasets of a run or an analysis, of a manifest, and of a reading.
const (
	Records      = "records"
	Findings     = "findings"
	Features     = "features"
	Declarations = "declarations"
	Values       = "values"
)

// DatasetID is the id of one of an owner's datasets.
func DatasetID(owner lineage.Owner, what string) lineage.ID {
	return lineage.NewID(lineage.KindDataset, string(owner), what)
}

// ProcessingID is the id of the processing of an owner by one version of the code.
func ProcessingID(owner lineage.Owner, codeVersion string) lineage.ID {
	return lineage.NewID(lineage.KindProcessing, string(owner), codeVersion)
}

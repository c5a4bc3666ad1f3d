package ot2

import (
	"bytes"
	"fmt"
	"iter"
)

// maxVolumeUl is 10 L, more than any deck holds: a greater volume is a mistake.
const maxVolumeUl = 1e7

// volumeNoiseUl is the float noise below zero that is still 0 µL.
const volumeNoiseUl = 1e-6

// command reads one command from its members.
func (s *shelf) command(members iter.Seq2[[]byte, value]) (Command, error) {
	var c Command
	var params, result value
	for key, v := range members {
		var err error
		switch string(key) {
		case "id":
			c.ID, err = v.str()
		case "key":
			c.Key, err = v.str()
		case "commandType":
			c.Type, err = v.str()
		case "intent":
			c.Intent, err = v.str()
		case "status":
			c.Status, err = v.str()
		case "createdAt":
			c.CreatedAt, err = v.moment()
		case "startedAt":
			c.StartedAt, err = v.moment()
		case "completedAt":
			c.CompletedAt, err = v.moment()
		case "failedCommandId":
			c.FailedCommandID, err = v.str()
		case "params":
			params = v
			_, err = v.object()
		case "result":
			result = v
			c.HasResult, err = v.object()
		case "error":
			var failed bool
			if failed, err = v.object(); failed {
				c.Error = new(Error)
				*c.Error, err = v.failure()
			}
		}
		if err != nil {
			return c, under(string(key), err)
		}
	}
	if !params.null() {
		if err := c.readParams(params); err != nil {
			return c, under("params", err)
		}
	}
	if c.HasResult {
		if err := c.readResult(result, s); err != nil {
			return c, under("result", err)
		}
	}
	return c, nil
}

func (c *Command) readParams(v value) error {
	c.RawParams = v.compact()
	err := v.each(func(key string, member value) error {
		err := c.Params.read(key, member)
		if err != nil && !readsParams(c.Type) {
			return nil // a command of the future may call something else by this name
		}
		return err
	})
	return err
}

func (c *Command) readResult(v value, s *shelf) error {
	var definition value
	err := v.each(func(key string, member value) error {
		if key == "definition" && isLabwareDefinition(member) {
			definition = member
			return nil
		}
		err := c.Result.read(key, member)
		if err != nil && !readsParams(c.Type) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if definition.null() {
		c.RawResult = v.compact()
		return nil
	}
	if c.Result.Definition, err = s.definition(definition); err != nil {
		return under("definition", err)
	}
	c.RawResult = v.without("definition")
	return nil
}

// without returns the object, compact, less one member.
func (v value) without(unwanted string) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for key, member := range v.members() {
		if string(key) == unwanted {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(quote(key))
		b.WriteByte(':')
		b.Write(member.compact())
	}
	b.WriteByte('}')
	return b.Bytes()
}

// readsParams says of which command types the parameters and results must be
// what we take them for. Of others a name may mean something else.
func readsParams(commandType string) bool {
	switch commandType {
	case "aspirate", "aspirateInPlace", "aspirateWhileTracking", "airGapInPlace",
		"dispense", "dispenseInPlace", "dispenseWhileTracking",
		"blowout", "blowOutInPlace", "pickUpTip", "dropTip", "dropTipInPlace",
		"unsafe/blowOutInPlace", "unsafe/dropTipInPlace",
		"moveToWell", "touchTip", "liquidProbe", "tryLiquidProbe",
		"moveToAddressableArea", "moveToAddressableAreaForDropTip",
		"configureNozzleLayout", "loadLiquid", "loadLabware", "reloadLabware",
		"loadPipette", "loadModule", "moveLabware", "custom":
		return true
	}
	return false
}

func (p *Params) read(key string, v value) (err error) {
	switch key {
	case "pipetteId":
		p.PipetteID, err = v.str()
	case "labwareId":
		p.LabwareID, err = v.str()
	case "moduleId":
		p.ModuleID, err = v.str()
	case "liquidId":
		p.LiquidID, err = v.word()
	case "wellName":
		p.WellName, err = v.str()
	case "wellLocation":
		p.WellLocation, err = v.wellLocation()
	case "volume":
		p.Volume, err = v.volume()
	case "pushOut":
		p.PushOut, err = v.volume()
	case "volumeByWell":
		p.VolumeByWell, err = v.volumeByWell()
	case "loadName":
		p.LoadName, err = v.str()
	case "namespace":
		p.Namespace, err = v.str()
	case "displayName":
		p.DisplayName, err = v.str()
	case "version":
		p.Version, err = v.integer()
	case "pipetteName":
		p.PipetteName, err = v.str()
	case "mount":
		p.Mount, err = v.str()
	case "model":
		p.Model, err = v.str()
	case "location":
		p.Location, err = v.locationOrNone()
	case "newLocation":
		p.NewLocation, err = v.locationOrNone()
	case "addressableAreaName":
		p.AddressableAreaName, err = v.str()
	case "configurationParams", "configuration_params":
		p.Nozzles, err = v.nozzles()
	case "seconds":
		p.Seconds, err = v.number()
	case "celsius":
		p.Celsius, err = v.number()
	case "message":
		p.Message, err = v.str()
	case "legacyCommandType":
		p.LegacyType, err = v.str()
	case "legacyCommandText":
		p.LegacyText, err = v.str()
	}
	return err
}

func (r *Result) read(key string, v value) (err error) {
	switch key {
	case "pipetteId":
		r.PipetteID, err = v.str()
	case "labwareId":
		r.LabwareID, err = v.str()
	case "moduleId":
		r.ModuleID, err = v.str()
	case "serialNumber":
		r.Serial, err = v.str()
	case "offsetId", "labwareOffsetId":
		r.OffsetID, err = v.str()
	case "volume":
		r.Volume, err = v.volume()
	case "position":
		r.Position, err = v.position()
	}
	return err
}

// volume reads a volume in µL, from 0 to 10 L.
func (v value) volume() (*float64, error) {
	f, err := v.number()
	if err != nil || f == nil {
		return nil, err
	}
	switch {
	case *f < -volumeNoiseUl:
		return nil, v.problem(fmt.Sprintf("a volume of %g µL", *f), "a volume can't be negative: correct the source or leave the volume out")
	case *f > maxVolumeUl:
		return nil, v.problem(fmt.Sprintf("a volume of %g µL", *f), "no labware on a deck holds over 10 L: give volumes in µL")
	}
	*f = max(*f, 0)
	return f, nil
}

func (v value) volumeByWell() (map[string]float64, error) {
	if ok, err := v.object(); !ok {
		return nil, err
	}
	volumes := make(map[string]float64)
	err := v.each(func(well string, member value) error {
		volume, err := member.volume()
		if volume != nil {
			volumes[well] = *volume
		}
		return err
	})
	return volumes, err
}

func (v value) wellLocation() (*WellLocation, error) {
	if ok, err := v.object(); !ok {
		return nil, err
	}
	l := WellLocation{Origin: OriginTop} // what the robot takes where none is said
	err := v.each(func(key string, member value) (err error) {
		switch key {
		case "origin":
			if !member.null() {
				l.Origin, err = member.str()
			}
		case "offset":
			var offset *[3]float64
			if offset, err = member.position(); offset != nil {
				l.OffsetZ = offset[2]
			}
		}
		return err
	})
	return &l, err
}

func (v value) position() (*[3]float64, error) {
	if ok, err := v.object(); !ok {
		return nil, err
	}
	var p [3]float64
	err := v.each(func(key string, member value) error {
		if len(key) != 1 || key[0] < 'x' || key[0] > 'z' {
			return nil
		}
		f, err := member.number()
		if f != nil {
			p[key[0]-'x'] = *f
		}
		return err
	})
	return &p, err
}

func (v value) locationOrNone() (*Location, error) {
	if v.null() {
		return nil, nil
	}
	l, err := v.location()
	return &l, err
}

func (v value) nozzles() (*NozzleLayout, error) {
	if ok, err := v.object(); !ok {
		return nil, err
	}
	var n NozzleLayout
	err := v.each(func(key string, member value) (err error) {
		switch key {
		case "style":
			n.Style, err = member.str()
		case "primaryNozzle":
			n.PrimaryNozzle, err = member.str()
		case "frontRightNozzle":
			n.FrontRight, err = member.str()
		case "backLeftNozzle":
			n.BackLeftNozzle, err = member.str()
		}
		return err
	})
	return &n, err
}

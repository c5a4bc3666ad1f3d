package ot2

import "time"

// header reads one member of a run's or an analysis's header. What is known
// already stays: an inner section, which is read first, knows better.
func (run *Run) header(key string, v value) error {
	switch key {
	case "status":
		return fill(&run.Status, v)
	case "protocolId":
		return fill(&run.ProtocolID, v)
	case "protocolName":
		return fill(&run.ProtocolName, v)
	case "current":
		current, err := v.boolean()
		run.Current = run.Current || current
		return err
	case "createdAt":
		return fillMoment(&run.CreatedAt, v)
	case "startedAt":
		return fillMoment(&run.StartedAt, v)
	case "completedAt":
		return fillMoment(&run.CompletedAt, v)
	case "robotSerial", "robot_serial", "robotSerialNumber", "serialNumber":
		return fill(&run.RobotSerial, v)
	case "robotName", "robot_name":
		return fill(&run.RobotName, v)
	case "softwareVersion", "robotSoftwareVersion", "apiVersion", "api_version":
		if v.isString() { // a list is the version of the protocol language
			return fill(&run.Software, v)
		}
	case "metadata":
		for key, member := range v.members() {
			if string(key) == "protocolName" && member.isString() {
				return fill(&run.ProtocolName, member)
			}
		}
	case "pipettes":
		return list(&run.Pipettes, v, value.pipette)
	case "labware":
		return list(&run.Labware, v, value.labware)
	case "modules":
		return list(&run.Modules, v, value.module)
	case "liquids":
		return list(&run.Liquids, v, value.liquid)
	case "labwareOffsets":
		return list(&run.Offsets, v, value.offset)
	case "actions":
		return list(&run.Actions, v, value.action)
	case "errors":
		return list(&run.Errors, v, value.failure)
	case "gaps":
		return list(&run.Gaps, v, value.gap)
	case "runTimeParameters":
		return list(&run.Parameters, v, value.parameter)
	}
	return nil
}

func fill(field *string, v value) error {
	s, err := v.str()
	if *field == "" {
		*field = s
	}
	return err
}

func fillMoment(field *time.Time, v value) error {
	t, err := v.moment()
	if field.IsZero() {
		*field = t
	}
	return err
}

// list reads an array, element after element. A null element is none.
func list[T any](to *[]T, v value, read func(value) (T, error)) error {
	if ok, err := v.array(); !ok || len(*to) > 0 {
		return err
	}
	for i, element := range v.elements() {
		ok, err := element.object()
		if ok {
			var item T
			item, err = read(element)
			*to = append(*to, item)
		}
		if err != nil {
			return underIndex("", i, err)
		}
	}
	return nil
}

// each calls read for every member of an object and puts its key before the
// place of an error.
func (v value) each(read func(key string, member value) error) error {
	for key, member := range v.members() {
		if err := read(string(key), member); err != nil {
			return under(string(key), err)
		}
	}
	return nil
}

func (v value) pipette() (p Pipette, err error) {
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "id":
			p.ID, err = member.str()
		case "pipetteName", "name":
			p.Name, err = member.str()
		case "mount":
			p.Mount, err = member.str()
		case "serialNumber":
			p.Serial, err = member.str()
		}
		return err
	})
	return p, err
}

func (v value) labware() (l Labware, err error) {
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "id":
			l.ID, err = member.str()
		case "loadName":
			l.LoadName, err = member.str()
		case "definitionUri":
			l.DefinitionURI, err = member.str()
		case "displayName":
			l.DisplayName, err = member.str()
		case "offsetId", "labwareOffsetId":
			l.OffsetID, err = member.str()
		case "location":
			l.Location, err = member.location()
		}
		return err
	})
	return l, err
}

func (v value) module() (m Module, err error) {
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "id":
			m.ID, err = member.str()
		case "model":
			m.Model, err = member.str()
		case "serialNumber":
			m.Serial, err = member.str()
		case "location":
			m.Location, err = member.location()
		}
		return err
	})
	return m, err
}

func (v value) offset() (o LabwareOffset, err error) {
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "id":
			o.ID, err = member.str()
		case "definitionUri":
			o.DefinitionURI, err = member.str()
		case "location":
			o.Location, err = member.location()
		case "vector":
			var vector *[3]float64
			if vector, err = member.position(); vector != nil {
				o.Vector = *vector
			}
		}
		return err
	})
	return o, err
}

func (v value) liquid() (l Liquid, err error) {
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "id":
			l.ID, err = member.word()
		case "displayName":
			l.DisplayName, err = member.str()
		case "description":
			l.Description, err = member.str()
		}
		return err
	})
	return l, err
}

func (v value) action() (a Action, err error) {
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "id":
			a.ID, err = member.str()
		case "actionType":
			a.Type, err = member.str()
		case "createdAt":
			a.CreatedAt, err = member.moment()
		}
		return err
	})
	return a, err
}

func (v value) failure() (e Error, err error) {
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "id":
			e.ID, err = member.str()
		case "errorType":
			e.Type, err = member.str()
		case "errorCode":
			e.Code, err = member.word()
		case "detail":
			e.Detail, err = member.str()
		case "createdAt":
			e.CreatedAt, err = member.moment()
		}
		return err
	})
	return e, err
}

func (v value) parameter() (p Parameter, err error) {
	var displayName string
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "variableName":
			p.Name, err = member.str()
		case "displayName":
			displayName, err = member.str()
		case "value":
			p.Value = member.compact()
		}
		return err
	})
	if p.Name == "" {
		p.Name = displayName
	}
	return p, err
}

func (v value) gap() (g Gap, err error) {
	err = v.each(func(key string, member value) (err error) {
		switch key {
		case "kind":
			g.Kind, err = member.str()
		case "detail":
			g.Detail, err = member.str()
		}
		return err
	})
	return g, err
}

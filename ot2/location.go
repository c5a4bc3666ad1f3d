package ot2

// location reads the forms in which a place on the deck is written: an object
// with one of slotName, moduleId, labwareId, addressableAreaName, or the word
// offDeck. A form from the future is an unknown place.
func (v value) location() (Location, error) {
	var l Location
	if v.isString() {
		l.OffDeck = unquote(v.text) == "offDeck"
		return l, nil
	}
	if ok, err := v.object(); !ok {
		return l, err
	}
	for key, member := range v.members() {
		var err error
		switch string(key) {
		case "slotName":
			l.Slot, err = member.word()
		case "moduleId":
			l.ModuleID, err = member.str()
		case "labwareId":
			l.LabwareID, err = member.str()
		case "addressableAreaName":
			l.AddressableArea, err = member.str()
		}
		if err != nil {
			return l, under(string(key), err)
		}
	}
	return l, nil
}

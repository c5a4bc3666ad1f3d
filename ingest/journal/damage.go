package journal

import "errors"

// Damaged says that a record is there and can't be trusted: its bytes changed
// since it was written, or can't be read as an envelope. The records before and
// after it are readable: go on from Position.
type Damaged struct {
	Position Position
	Err      error
}

func (d *Damaged) Error() string {
	return "record " + string(d.Position) + " is damaged: " + d.Err.Error()
}

func (d *Damaged) Unwrap() error { return d.Err }

// ErrChecksum is why a record is Damaged whose bytes are not those written.
var ErrChecksum = errors.New("checksum does not match")

// DamagedAt returns where the record is that err complains of.
func DamagedAt(err error) (Position, bool) {
	var d *Damaged
	if errors.As(err, &d) {
		return d.Position, true
	}
	return "", false
}

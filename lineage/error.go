package lineage

import (
	"errors"
	"strings"
)

// ErrorKind says what sort of failure it was: what a caller can do about it.
type ErrorKind string

const (
	ErrorInvalid     ErrorKind = "invalid"     // the request or input is wrong: change it
	ErrorNotFound    ErrorKind = "not_found"   // there is no such thing
	ErrorAmbiguous   ErrorKind = "ambiguous"   // several things have that name: choose one
	ErrorConflict    ErrorKind = "conflict"    // it contradicts what is known
	ErrorTooLarge    ErrorKind = "too_large"   // over a bound: make it smaller or raise the bound
	ErrorUnavailable ErrorKind = "unavailable" // not now: try again later
	ErrorInternal    ErrorKind = "internal"    // our fault

	ErrorUnauthenticated ErrorKind = "unauthenticated" // it is not known who asks: log in
	ErrorForbidden       ErrorKind = "forbidden"       // who asks may not do that
	ErrorLimited         ErrorKind = "limited"         // too often: wait
)

// Error names the operation, the thing and the remedy.
type Error struct {
	Op   string    // what was being done: "decode run", "apply"
	Kind ErrorKind // what a caller can do
	ID   string    // the thing: an id, a place like commands[17].params.volume
	Hint string    // the remedy, a sentence for a person
	Err  error     // the cause, if any
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.ID != "" {
		b.WriteString(": " + e.ID)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	} else {
		b.WriteString(": " + strings.ReplaceAll(string(e.Kind), "_", " "))
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in err's chain, ErrorInternal
// for any other error, and "" for nil.
func KindOf(err error) ErrorKind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ErrorInternal
}

// Invalid is an Error of ErrorInvalid about the thing id.
func Invalid(op, id, hint string) *Error {
	return &Error{Op: op, Kind: ErrorInvalid, ID: id, Hint: hint}
}

// NotFound is an Error of ErrorNotFound about the thing id.
func NotFound(op, id, hint string) *Error {
	return &Error{Op: op, Kind: ErrorNotFound, ID: id, Hint: hint}
}

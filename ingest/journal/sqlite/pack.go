package sqlite

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"

	"wellspring/ingest"
)

// large is the size of an envelope's data from which on it is stored compressed: the
// envelope without its data, a newline, and the data as they are. SQLite holds a row whole
// beside our own copy, and its allocator keeps what one large row took for the next one.
const large = 1 << 20

// magic begins what is compressed. No JSON begins so.
var magic = []byte{0x1f, 0x8b}

// pack returns an envelope as it is stored.
func pack(e ingest.Envelope) ([]byte, error) {
	data := e.Event.DataEncoded
	if len(data) < large {
		return ingest.Encode(e)
	}
	e.Event.DataEncoded = nil
	head, err := ingest.Encode(e)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	for _, part := range [][]byte{head, {'\n'}, data} {
		if err == nil {
			_, err = w.Write(part)
		}
	}
	if err == nil {
		err = w.Close()
	}
	return packed.Bytes(), err
}

// unpack returns the envelope of what pack made, and its size before it was compressed.
func unpack(stored []byte) (e ingest.Envelope, size int, err error) {
	if !bytes.HasPrefix(stored, magic) {
		e, err = ingest.Decode(stored)
		return e, len(stored), err
	}
	r, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return e, 0, err
	}
	all := bufio.NewReader(r)
	head, err := all.ReadBytes('\n')
	if err != nil {
		return e, 0, err
	}
	size = int(binary.LittleEndian.Uint32(stored[len(stored)-4:])) // gzip ends with it
	if size < len(head) {
		return e, 0, fmt.Errorf("an envelope of %d bytes", size)
	}
	data := make([]byte, size-len(head))
	if _, err := io.ReadFull(all, data); err != nil {
		return e, 0, err
	}
	e, err = ingest.Decode(head)
	e.Event.DataEncoded = data
	return e, size, err
}

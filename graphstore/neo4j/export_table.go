package neo4j

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"wellspring/lineage"
)

// The character between the elements of a list: one that no text should have.
const (
	arrayDelimiter     = "\x1f"
	arrayDelimiterName = "U+001F"
)

// unwritable refuses what the files of neo4j-admin have no way to say.
func unwritable(thing, what string) error {
	return &lineage.Error{Op: "export", Kind: lineage.ErrorInvalid, ID: thing,
		Hint: "the import files can't hold " + what + ": leave it out at its source, or fill Neo4j from the journal"}
}

// fields are the fields of a row, as neo4j-admin reads them: a field that is empty
// and not quoted is no value.
type fields struct{ bytes.Buffer }

func (f *fields) next() {
	if f.Len() > 0 {
		f.WriteByte(',')
	}
}

func (f *fields) text(s string) {
	f.next()
	f.WriteByte('"')
	f.WriteString(strings.ReplaceAll(s, `"`, `""`))
	f.WriteByte('"')
}

func (f *fields) time(t time.Time) {
	f.text(t.UTC().Format("2006-01-02T15:04:05.999999999") + "Z[UTC]")
}

func (f *fields) number(n int) {
	f.next()
	f.WriteString(strconv.Itoa(n))
}

// bytes writes a list of signed bytes; of none no value.
func (f *fields) bytes(list []byte) {
	f.next()
	f.Grow(5 * len(list))
	text := f.AvailableBuffer()
	for i, b := range list {
		if i > 0 {
			text = append(text, arrayDelimiter...)
		}
		text = strconv.AppendInt(text, int64(int8(b)), 10)
	}
	f.Write(text)
}

// attribute writes a value and returns its type.
func (f *fields) attribute(value any) (string, error) {
	switch v := value.(type) {
	case string:
		f.text(v)
		return "string", nil
	case bool:
		f.text(strconv.FormatBool(v))
		return "boolean", nil
	case float64:
		f.text(number(v))
		return "double", nil
	case []string:
		return "string[]", f.list(v)
	case []float64:
		texts := make([]string, len(v))
		for i, n := range v {
			texts[i] = number(n)
		}
		return "double[]", f.list(texts)
	}
	return "", fmt.Errorf("an attribute is a %T", value)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func (f *fields) list(texts []string) error {
	if len(texts) == 0 || len(texts) == 1 && texts[0] == "" {
		return unwritable("a list", "a list of nothing")
	}
	for _, s := range texts {
		if strings.Contains(s, arrayDelimiter) {
			return unwritable("a list", "text with the control character "+arrayDelimiterName)
		}
	}
	f.text(strings.Join(texts, arrayDelimiter))
	return nil
}

// A table is a file of rows. While it is filled it holds, for each row, who says it:
// what several owners say is then brought together.
//
// The unfinished file is records, compressed by zstd, a frame each time that it grows. A
// record: the hash of the row (8 bytes), the lengths of owner and row (4 bytes each),
// owner, row.
type table struct {
	what, label string
	columns     []string
	number      int
	path        string
	pack        *zstd.Encoder

	seed maphash.Seed

	mu     sync.Mutex // of what follows
	buffer []byte
	hashes []uint64
}

const (
	recordHead  = 16
	tableBuffer = 256 << 10
)

// add adds a row that an owner says; of what has no owners the owner is empty.
func (t *table) add(owner string, row []byte) error {
	hash := maphash.Bytes(t.seed, row)
	t.mu.Lock()
	t.hashes = append(t.hashes, hash)
	t.buffer = binary.LittleEndian.AppendUint64(t.buffer, hash)
	t.buffer = binary.LittleEndian.AppendUint32(t.buffer, uint32(len(owner)))
	t.buffer = binary.LittleEndian.AppendUint32(t.buffer, uint32(len(row)))
	t.buffer = append(append(t.buffer, owner...), row...)
	var full []byte
	if len(t.buffer) >= tableBuffer {
		full, t.buffer = t.buffer, make([]byte, 0, len(t.buffer)+tableBuffer/8)
	}
	t.mu.Unlock()
	if full == nil {
		return nil
	}
	return t.flush(full)
}

func (t *table) unfinished() string { return t.path + ".part" }

// flush adds records to the file, which it opens for a moment only: there may be more
// tables than a process may have files.
func (t *table) flush(records []byte) (err error) {
	f, err := os.OpenFile(t.unfinished(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(t.pack.EncodeAll(records, nil))
	return err
}

// finish writes the table and returns how many rows it has.
func (t *table) finish() (rows int, err error) {
	if err := t.flush(t.buffer); err != nil {
		return 0, err
	}
	t.buffer = nil
	part, err := os.Open(t.unfinished())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, part.Close(), os.Remove(t.unfinished())) }()
	unpacked, err := zstd.NewReader(part, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return 0, err
	}
	defer unpacked.Close()
	file, err := os.Create(t.path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	packed, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, packed.Close()) }()
	out := bufio.NewWriterSize(packed, tableBuffer)
	var header fields
	for _, column := range t.columns {
		header.text(column)
	}
	if _, err := out.Write(append(header.Bytes(), '\n')); err != nil {
		return 0, err
	}
	rows, err = t.bringTogether(bufio.NewReaderSize(unpacked, tableBuffer), out)
	return rows, errors.Join(err, out.Flush())
}

// bringTogether copies rows with their owners. Rows of which there may be several
// come last, each once.
func (t *table) bringTogether(in io.Reader, out io.Writer) (rows int, err error) {
	several := repeated(t.hashes)
	t.hashes = nil
	owners := map[string][]string{} // by row
	head := make([]byte, recordHead)
	var body []byte
	for {
		if _, err := io.ReadFull(in, head); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return 0, err
		}
		owner := int(binary.LittleEndian.Uint32(head[8:]))
		body = slices.Grow(body[:0], owner+int(binary.LittleEndian.Uint32(head[12:])))[:owner+int(binary.LittleEndian.Uint32(head[12:]))]
		if _, err := io.ReadFull(in, body); err != nil {
			return 0, err
		}
		if _, ok := several[binary.LittleEndian.Uint64(head)]; ok {
			owners[string(body[owner:])] = append(owners[string(body[owner:])], string(body[:owner]))
			continue
		}
		rows++
		if err := writeRow(out, body[owner:], string(body[:owner])); err != nil {
			return 0, err
		}
	}
	for row, named := range owners {
		rows++
		slices.Sort(named)
		if err := writeRow(out, []byte(row), named...); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

func writeRow(out io.Writer, row []byte, owners ...string) error {
	var f fields
	f.Write(row)
	if owners[0] != "" {
		f.text(strings.Join(owners, arrayDelimiter))
	}
	f.WriteByte('\n')
	_, err := f.WriteTo(out)
	return err
}

// repeated are those that are there more than once.
func repeated(hashes []uint64) map[uint64]struct{} {
	slices.Sort(hashes)
	twice := map[uint64]struct{}{}
	for i := 1; i < len(hashes); i++ {
		if hashes[i] == hashes[i-1] {
			twice[hashes[i]] = struct{}{}
		}
	}
	return twice
}

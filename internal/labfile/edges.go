package labfile

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// buckets are the edges by the first byte of their source, each small enough to
// be sorted in memory.
const buckets = 256

type bucket struct {
	file *os.File
	out  *bufio.Writer
}

// row is an edge as it is written.
type row struct {
	Source, Target, Transformation lineage.ID
	Type                           string
	Owner, At                      int64
	Hash                           lineage.Hash
	Attributes                     string
}

func (r row) compare(o row) int {
	return cmp.Or(slices.Compare(r.Source[:], o.Source[:]), cmp.Compare(r.Type, o.Type), slices.Compare(r.Target[:], o.Target[:]),
		slices.Compare(r.Transformation[:], o.Transformation[:]), cmp.Compare(r.Owner, o.Owner))
}

func (l *loader) openBuckets() error {
	for i := range l.buckets {
		file, err := os.Create(filepath.Join(l.scratch, fmt.Sprintf("%02x", i)))
		if err != nil {
			return err
		}
		l.buckets[i] = &bucket{file, bufio.NewWriterSize(file, 64<<10)}
	}
	return nil
}

func (l *loader) closeBuckets() error {
	var errs []error
	for _, b := range l.buckets {
		if b != nil {
			errs = append(errs, b.file.Close())
		}
	}
	return errors.Join(errs...)
}

func (l *loader) keepEdge(e graphstore.HashedEdge, owner, at int64) error {
	attributes, err := e.Attributes.AppendJSON(nil)
	if err != nil {
		return err
	}
	b := l.buckets[e.SourceID[0]]
	l.line = append(append(append(append(l.line[:0], e.SourceID[:]...), e.TargetID[:]...), e.TransformationID[:]...), e.Hash[:]...)
	for _, n := range []int64{owner, at, int64(len(e.RelationshipType)), int64(len(attributes))} {
		l.line = binary.AppendVarint(l.line, n)
	}
	l.line = append(append(l.line, e.RelationshipType...), attributes...)
	_, err = b.out.Write(l.line)
	return err
}

// writeEdges writes the edges in the order of their key.
func (l *loader) writeEdges(ctx context.Context) error {
	edges := newInserter(l.db, "edge", "source, type, target, transformation, owner, hash, attributes, created_at")
	return inTransactions(ctx, l.db, func(begin func() error) error {
		for _, b := range l.buckets {
			if err := begin(); err != nil {
				return err
			}
			rows, err := b.read()
			if err != nil {
				return err
			}
			slices.SortFunc(rows, row.compare)
			for _, r := range rows {
				if err := edges.add(ctx, r.Source[:], r.Type, r.Target[:], r.Transformation[:], r.Owner, r.Hash[:], r.Attributes, r.At); err != nil {
					return err
				}
			}
		}
		return edges.flush(ctx)
	})
}

func (b *bucket) read() ([]row, error) {
	if err := b.out.Flush(); err != nil {
		return nil, err
	}
	if _, err := b.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(b.file, 1<<20)
	var rows []row
	for {
		r, err := readRow(in)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
}

// readRow reads what keepEdge wrote; io.EOF is the end before a row.
func readRow(in *bufio.Reader) (row, error) {
	var r row
	for _, part := range [][]byte{r.Source[:], r.Target[:], r.Transformation[:], r.Hash[:]} {
		if _, err := io.ReadFull(in, part); err != nil {
			return r, err
		}
	}
	var lengths [2]int64
	for _, n := range []*int64{&r.Owner, &r.At, &lengths[0], &lengths[1]} {
		var err error
		if *n, err = binary.ReadVarint(in); err != nil {
			return r, err
		}
	}
	text := make([]byte, lengths[0]+lengths[1])
	_, err := io.ReadFull(in, text)
	r.Type, r.Attributes = string(text[:lengths[0]]), string(text[lengths[0]:])
	return r, err
}

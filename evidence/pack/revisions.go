package pack

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"wellspring/lineage"
)

// revisionsAtOnce is of how many nodes the past is asked for together.
const revisionsAtOnce = 1000

// revisions writes what the nodes of the package were before: the nodes in the order
// of lineage.ndjson, so that a reader can go along both.
func (b *builder) revisions(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return b.prov.eachNodes(revisionsAtOnce, func(ids []lineage.ID) error {
		past, err := b.Source.Past(b.ctx, b.Question, ids)
		if err != nil {
			return err
		}
		of := map[lineage.ID][]lineage.Revision{}
		for _, r := range past {
			id, err := RevisionOf(r)
			if err != nil {
				return failed(FileRevisions, err)
			}
			of[id] = append(of[id], r)
		}
		for _, id := range ids {
			for _, r := range of[id] {
				b.answer.Revisions++
				if err := encoder.Encode(b.shown(r)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// shown is a revision as the package tells it.
func (b *builder) shown(r lineage.Revision) lineage.Revision {
	retracted := r.RetractedAt.UTC()
	item := Item{Node: r.Node, Edge: r.Edge}
	if b.Question.Redact {
		item = redact(item)
	}
	return lineage.Revision{Node: item.Node, Edge: item.Edge, CreatedAt: r.CreatedAt.UTC(), RetractedAt: &retracted}
}

// RevisionOf is the node that a revision is of: itself, or the one that the edge was
// at that was derived.
func RevisionOf(r lineage.Revision) (lineage.ID, error) {
	switch {
	case r.RetractedAt == nil:
		return lineage.ID{}, errors.New("it was not retracted: then it is no revision")
	case r.CreatedAt.After(*r.RetractedAt):
		return lineage.ID{}, errors.New("it was retracted before it was there")
	case r.Node != nil && r.Edge == nil:
		return r.Node.ID, nil
	case r.Edge != nil && r.Node == nil:
		return r.Edge.TargetID, nil
	}
	return lineage.ID{}, errors.New("it is of neither a node nor an edge, or of both")
}

// eachNodes calls f with the ids of the nodes that were added, in order, so many at once.
func (p *prov) eachNodes(most int, f func([]lineage.ID) error) error {
	if err := p.nodes.out.Flush(); err != nil {
		return err
	}
	if _, err := p.nodes.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReader(p.nodes.file)
	for {
		var ids []lineage.ID
		for len(ids) < most {
			var id lineage.ID
			if _, err := io.ReadFull(r, id[:]); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := f(ids); err != nil {
			return err
		}
	}
}

package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"wellspring/evidence/pack"
	"wellspring/lineage"
)

// readRevisions checks that every revision is of a node of the lineage, in its order,
// and was over when the question was asked.
func (c *check) readRevisions() error {
	said := c.report.Answer
	if _, named := c.sums[pack.FileRevisions]; !named && said.Revisions == 0 {
		return nil // it was made when packages had none
	}
	var broken error
	next, stop := iter.Pull(c.nodes(&broken))
	defer stop()
	var at lineage.ID
	found := int64(0)
	err := c.lines(pack.FileRevisions, func(_ int, text []byte) error {
		found++
		var r lineage.Revision
		if err := strict(text, &r); err != nil {
			return err
		}
		id, err := pack.RevisionOf(r)
		if err != nil {
			return err
		}
		if r.RetractedAt.After(said.Question.AsOf) {
			return errors.New("it was still in force when the question was asked")
		}
		for at != id {
			var there bool
			if at, there = next(); !there {
				return fmt.Errorf("it is of the node %s, which %s does not have, or has before that of an earlier line", id, pack.FileLineage)
			}
		}
		return nil
	})
	switch {
	case err != nil || broken != nil:
		return errors.Join(err, broken)
	case found != said.Revisions:
		return located{pack.FileQuestion, fmt.Errorf("it speaks of %d revisions; there are %d", said.Revisions, found)}
	}
	return nil
}

// nodes are the ids of the nodes of the lineage, in order.
func (c *check) nodes(broken *error) iter.Seq[lineage.ID] {
	return func(yield func(lineage.ID) bool) {
		enough := errors.New("enough")
		err := c.lines(pack.FileLineage, func(_ int, text []byte) error {
			var item struct{ Node *struct{ ID lineage.ID } }
			if err := json.Unmarshal(text, &item); err != nil {
				return err
			}
			if item.Node != nil && !yield(item.Node.ID) {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			*broken = err
		}
	}
}

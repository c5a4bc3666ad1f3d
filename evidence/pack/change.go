package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"wellspring/lineage"
)

// Change is one difference between two answers.
type Change struct {
	Change string `json:"change"` // added, removed, changed
	Then   *Item  `json:"then,omitempty"`
	Now    *Item  `json:"now,omitempty"`
}

// The kinds of changes.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// mostCompared is how many nodes and edges an answer may have to be compared.
const mostCompared = 50_000

var errTooMany = errors.New("too many to compare")

// Compare says how many nodes and edges differ between the answers of a question
// as of two times, and shows the first ones; -1 when there are too many to compare.
func Compare(ctx context.Context, source Source, then, now Question, most int) ([]Change, int64, error) {
	changes, count := []Change{}, int64(0)
	note := func(c Change) {
		if count++; len(changes) < most {
			changes = append(changes, c)
		}
	}
	was, before, err := itemsOf(ctx, source, then)
	is, after := map[itemKey]Item{}, []itemKey{}
	if err == nil {
		is, after, err = itemsOf(ctx, source, now)
	}
	if errors.Is(err, errTooMany) {
		return changes, -1, nil
	}
	if err != nil {
		return nil, 0, err
	}
	for _, key := range after {
		item := is[key]
		old, known := was[key]
		switch {
		case !known:
			note(Change{Change: Added, Now: &item})
		case !same(old, item):
			note(Change{Change: Changed, Then: &old, Now: &item})
		}
	}
	for _, key := range before {
		if item := was[key]; is[key] == (Item{}) {
			note(Change{Change: Removed, Then: &item})
		}
	}
	return changes, count, nil
}

// itemKey is what an item is: a node or an edge, whatever it says.
type itemKey struct {
	node lineage.ID
	edge lineage.EdgeKey
}

// itemsOf are the nodes and edges of an answer, and their order. What is not
// there at all has none.
func itemsOf(ctx context.Context, source Source, q Question) (items map[itemKey]Item, order []itemKey, _ error) {
	items = map[itemKey]Item{}
	_, err := source.Graph(ctx, q, func(item Item) error {
		var key itemKey
		if item.Node != nil {
			key.node = item.Node.ID
		} else {
			key.edge = item.Edge.Key()
		}
		if _, twice := items[key]; twice {
			return nil
		}
		if len(order) == mostCompared {
			return errTooMany
		}
		items[key] = item
		order = append(order, key)
		return nil
	})
	if lineage.KindOf(err) == lineage.ErrorNotFound {
		return items, order, nil
	}
	return items, order, err
}

func same(a, b Item) bool {
	one, err := json.Marshal(a)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b)
	return err == nil && bytes.Equal(one, other)
}

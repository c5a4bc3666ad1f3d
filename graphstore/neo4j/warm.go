package neo4j

import (
	"context"
	"strconv"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/lineage"
)

// A server that has just started plans each statement when it first comes, on a virtual
// machine that still interprets its own planner: seconds for the first questions. So the
// store lets it plan them beforehand, whenever it has connected.

// warm has the server plan what people and the pipeline ask most, in the background. It gives
// up where the server goes away: the next connection begins again.
func (s *Store) warm() {
	ctx := s.life
	s.background.Go(func() {
		session := s.session(ctx, driver.AccessModeWrite, nil)
		defer func() { _ = session.Close(context.WithoutCancel(ctx)) }()
		for _, statement := range common() {
			if err := consume(ctx, alone{session}, statement.Explained(), nil); err != nil {
				return
			}
		}
	})
}

// heard passes on how a request ended. A server that was away and is there again was
// probably started anew.
func (s *Store) heard(err error) error {
	if isLost(err) {
		s.away.Store(true)
	} else if err == nil && s.away.CompareAndSwap(true, false) {
		s.warm()
	}
	return err
}

// common are the statements that a service needs in its first minute, in the order in which
// it probably does.
func common() []cypher.Statement {
	quantitative := typesPattern(lineage.QuantitativeTypes())
	depth := strconv.Itoa(lineage.DefaultDepth + 1)
	return []cypher.Statement{
		cypher.Read("find_by_kind").With("KIND", string(lineage.KindRun)),
		cypher.Read("traverse_upstream").With("TYPES", quantitative).With("DEPTH", depth),
		cypher.Read("traverse_downstream").With("TYPES", quantitative).With("DEPTH", depth),
		cypher.Write("begin"),
		cypher.Write("nodes_add"),
		cypher.Write("edges_create"),
		cypher.Write("projection_put"),
		cypher.Read("expand").With("TYPES", allTypes()),
		cypher.Read("nodes"),
		cypher.Read("find_by_attribute").With("ATTRIBUTE", lineage.AttrRun),
		cypher.Read("find_by_place"),
		cypher.Read("expand").With("TYPES", quantitative),
		cypher.Read("hop_upstream").With("TYPES", quantitative),
		cypher.Read("hop_downstream").With("TYPES", quantitative),
		cypher.Read("holders"),
		cypher.Write("nodes_change"),
		cypher.Write("nodes_join"),
		cypher.Read("manifest_parts"),
		cypher.Write("parts_put"),
	}
}

package api

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"wellspring/lineage"
	"wellspring/query"
)

func (s *server) ResolveSelector(ctx context.Context, request ResolveSelectorRequestObject) (ResolveSelectorResponseObject, error) {
	if request.Params.All {
		nodes, err := s.Query.ResolveAll(ctx, request.Params.Selector, request.Params.AsOf)
		return ResolveSelector200JSONResponse{Nodes: nodes}, err
	}
	node, err := s.Query.Resolve(ctx, request.Params.Selector, request.Params.AsOf)
	return ResolveSelector200JSONResponse{Nodes: []lineage.Node{node}}, err
}

func (s *server) GetNode(ctx context.Context, request GetNodeRequestObject) (GetNodeResponseObject, error) {
	node, err := s.Query.Resolve(ctx, request.Node, request.Params.AsOf)
	if err != nil {
		return nil, err
	}
	answer, err := s.Query.Node(ctx, node.ID, request.Params.AsOf)
	return GetNode200JSONResponse(answer), err
}

func (s *server) GetWell(ctx context.Context, request GetWellRequestObject) (GetWellResponseObject, error) {
	selector := query.JoinSelector(strings.TrimPrefix(request.Run, "run:"), request.Labware, request.Well)
	well, err := s.Query.WellAt(ctx, selector, request.Params.At, request.Params.AsOf)
	return GetWell200JSONResponse(well), err
}

func (s *server) GetWellBySelector(ctx context.Context, request GetWellBySelectorRequestObject) (GetWellBySelectorResponseObject, error) {
	well, err := s.Query.WellAt(ctx, request.Selector, request.Params.At, request.Params.AsOf)
	return GetWellBySelector200JSONResponse(well), err
}

func (s *server) GetAncestry(ctx context.Context, request GetAncestryRequestObject) (GetAncestryResponseObject, error) {
	root, err := s.Query.Resolve(ctx, request.Node, request.Params.AsOf)
	if err != nil {
		return nil, err
	}
	return s.trace(ctx, lineage.Upstream, query.Start{Roots: []lineage.Node{root}}, request.Params)
}

func (s *server) GetImpact(ctx context.Context, request GetImpactRequestObject) (GetImpactResponseObject, error) {
	p := request.Params
	start, err := s.Query.Start(ctx, request.Node, query.Span{From: p.From, To: p.To}, p.AsOf)
	if err != nil {
		return nil, err
	}
	if len(p.Types) > 0 || len(start.Roots) == 0 { // what to follow from the thing itself was said
		start.Roots, start.Truncated = start.Named, false
	}
	return s.trace(ctx, lineage.Downstream, start, GetAncestryParams{
		Depth: p.Depth, Kinds: p.Kinds, Types: p.Types, MinFraction: p.MinFraction, CarryOver: p.CarryOver,
		Limit: p.Limit, Cursor: p.Cursor, AsOf: p.AsOf, Format: p.Format,
	})
}

func (s *server) GetImpactSummary(ctx context.Context, request GetImpactSummaryRequestObject) (GetImpactSummaryResponseObject, error) {
	p := request.Params
	summary, err := s.Query.Summarize(ctx, query.SummaryAsk{
		Selector: request.Node, Span: query.Span{From: p.From, To: p.To},
		MinFraction: p.MinFraction, Depth: p.Depth, Limit: p.Limit, AsOf: p.AsOf,
	})
	return GetImpactSummary200JSONResponse(summary), err
}

func (s *server) GetTouched(ctx context.Context, request GetTouchedRequestObject) (GetTouchedResponseObject, error) {
	p, format := request.Params, formatOf(ctx, request.Params.Format)
	ask := query.TouchedAsk{Selector: request.Node, Limit: p.Limit, After: lineage.Cursor(p.Cursor)}
	if format != JSON {
		ask.Limit = cmp.Or(ask.Limit, query.MaxLimit)
	}
	touched, err := s.Query.Touched(ctx, ask)
	if err != nil {
		return nil, err
	}
	return listing{
		format: format, header: answerHeader(touched.Complete, touched.Truncated, touched.Reasons, touched.Next), body: touched,
		columns: []string{"run", "labware", "well", "name", "contents", "measurements", "fraction_min", "fraction_max", "plate"},
		rows:    touchedRows(touched.Wells), log: s.Logger,
	}, nil
}

func touchedRows(wells []query.TouchedWell) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for _, w := range wells {
			cells := []string{textCell(w.Run), textCell(w.Labware), textCell(w.Well), textCell(w.Name), strconv.Itoa(w.Contents), strconv.Itoa(w.Measurements),
				optionalCell(&w.FractionMin), optionalCell(&w.FractionMax), w.Plate.String()}
			if !yield(row{w, cells}, nil) {
				return
			}
		}
	}
}

func (s *server) trace(ctx context.Context, direction lineage.Direction, start query.Start, params GetAncestryParams) (*listing, error) {
	format := formatOf(ctx, params.Format)
	ask := query.Ask{
		Direction: direction, Types: params.Types, CarryOver: params.CarryOver, Kinds: params.Kinds,
		MinFraction: params.MinFraction, Depth: params.Depth, Limit: params.Limit,
		After: lineage.Cursor(params.Cursor), AsOf: params.AsOf,
	}
	for _, root := range start.Roots {
		ask.Roots = append(ask.Roots, root.ID)
	}
	if format != JSON {
		ask.Limit = cmp.Or(ask.Limit, query.MaxLimit)
	}
	answer, err := s.Query.Trace(ctx, ask)
	if err != nil {
		return nil, err
	}
	answer = answer.From(start)
	return &listing{format: format, header: answerHeader(answer.Complete, answer.Truncated, answer.Reasons, answer.Next), body: answer, columns: itemColumns(), rows: itemRows(answer.Items), log: s.Logger}, nil
}

// answerHeader says beside the rows what must not be overlooked.
func answerHeader(complete, truncated bool, reasons []string, next lineage.Cursor) http.Header {
	header := http.Header{
		"Wellspring-Complete":  {strconv.FormatBool(complete)},
		"Wellspring-Truncated": {strconv.FormatBool(truncated)},
	}
	if len(reasons) > 0 {
		header.Set("Wellspring-Reasons", strings.Join(reasons, ","))
	}
	if next != "" {
		header.Set("Wellspring-Next", string(next))
	}
	return header
}

func itemColumns() []string {
	return []string{"depth", "kind", "name", "run", "labware", "well", "command", "at", "fraction", "volume_ul", "concentrations",
		"origin", "possible", "incomplete", "id", "attributes"}
}

func itemRows(items []query.Item) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for _, item := range items {
			a := item.Attributes
			cells := []string{
				strconv.Itoa(item.Depth), string(item.Kind), textCell(item.Name), attributeCell(a, lineage.AttrRun),
				attributeCell(a, lineage.AttrLabware), attributeCell(a, lineage.AttrWell), attributeCell(a, lineage.AttrCommand),
				attributeCell(a, lineage.AttrAt), optionalCell(item.Fraction), optionalCell(item.VolumeUl), concentrationsCell(item.Concentrations),
				strconv.FormatBool(item.Origin), strconv.FormatBool(item.Possible), attributeCell(a, lineage.AttrIncomplete),
				item.ID.String(), attributesCell(a),
			}
			if !yield(row{item, cells}, nil) {
				return
			}
		}
	}
}

func (s *server) GetHistory(ctx context.Context, request GetHistoryRequestObject) (GetHistoryResponseObject, error) {
	node, err := s.resolveEver(ctx, request.Node)
	if err != nil {
		return nil, err
	}
	revisions, err := s.Query.History(ctx, node)
	if err != nil {
		return nil, err
	}
	return listing{
		format: formatOf(ctx, request.Params.Format), header: whole(), body: History{Revisions: revisions},
		columns: []string{"created_at", "retracted_at", "what", "type", "name", "id", "source_id", "target_id", "transformation_id", "attributes"},
		rows:    revisionRows(revisions), log: s.Logger,
	}, nil
}

func revisionRows(revisions []lineage.Revision) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for _, revision := range revisions {
			retracted := ""
			if revision.RetractedAt != nil {
				retracted = timeCell(*revision.RetractedAt)
			}
			cells := []string{timeCell(revision.CreatedAt), retracted}
			if n := revision.Node; n != nil {
				cells = append(cells, "node", string(n.Kind), textCell(n.Name), n.ID.String(), "", "", "", attributesCell(n.Attributes))
			} else {
				e := revision.Edge
				cells = append(cells, "edge", string(e.RelationshipType), "", "", e.SourceID.String(), e.TargetID.String(),
					e.TransformationID.String(), attributesCell(e.Attributes))
			}
			if !yield(row{revision, cells}, nil) {
				return
			}
		}
	}
}

// whole is the header of a list that is all there is.
func whole() http.Header {
	return http.Header{"Wellspring-Complete": {"true"}, "Wellspring-Truncated": {"false"}}
}

func (s *server) GetRun(ctx context.Context, request GetRunRequestObject) (GetRunResponseObject, error) {
	run, err := s.Query.Run(ctx, request.Run, request.Params.AsOf)
	return GetRun200JSONResponse(run), err
}

func (s *server) GetExperiment(ctx context.Context, request GetExperimentRequestObject) (GetExperimentResponseObject, error) {
	name := request.Experiment
	if _, err := uuid.Parse(name); err != nil && !strings.HasPrefix(name, "experiment:") {
		name = "experiment:" + name
	}
	experiment, err := s.Query.Experiment(ctx, name, request.Params.AsOf)
	return GetExperiment200JSONResponse(experiment), err
}

func (s *server) GetRunGraph(ctx context.Context, request GetRunGraphRequestObject) (GetRunGraphResponseObject, error) {
	part, err := s.Query.RunGraph(ctx, request.Run, request.Params.AsOf)
	if err != nil {
		return nil, err
	}
	format := formatOf(ctx, request.Params.Format)
	return listing{
		format: format, header: whole(), body: part, log: s.Logger,
		columns: []string{"source_id", "source_kind", "source_name", "relationship_type", "target_id", "target_kind", "target_name",
			"transformation_id", "created_at", "attributes"},
		rows: partRows(part, format == Ndjson),
	}, nil
}

// partRows are the nodes, where they are asked for, and the edges.
func partRows(part query.Part, nodes bool) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		named := make(map[lineage.ID]lineage.Node, len(part.Nodes))
		for _, node := range part.Nodes {
			named[node.ID] = node
			if nodes && !yield(row{value: struct {
				Node lineage.Node `json:"node"`
			}{node}}, nil) {
				return
			}
		}
		for _, edge := range part.Edges {
			source, target := named[edge.SourceID], named[edge.TargetID]
			cells := slices.Concat(
				[]string{edge.SourceID.String(), string(source.Kind), textCell(source.Name), string(edge.RelationshipType)},
				[]string{edge.TargetID.String(), string(target.Kind), textCell(target.Name)},
				[]string{edge.TransformationID.String(), timeCell(edge.CreatedAt), attributesCell(edge.Attributes)},
			)
			if !yield(row{struct {
				Edge lineage.Edge `json:"edge"`
			}{edge}, cells}, nil) {
				return
			}
		}
	}
}

// resolveEver also takes the id of a node that is no longer there: its history is.
func (s *server) resolveEver(ctx context.Context, selector string) (lineage.ID, error) {
	node, err := s.Query.Resolve(ctx, selector, time.Time{})
	if id, isID := uuid.Parse(selector); isID == nil && lineage.KindOf(err) == lineage.ErrorNotFound {
		return id, nil
	}
	return node.ID, err
}

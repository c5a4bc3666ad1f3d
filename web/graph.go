package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"wellspring/lineage"
	"wellspring/query"
)

// The bounds of a drawing.
const (
	foldAbove = 300  // nodes, from which on they are grouped unless asked otherwise
	drawMost  = 1200 // nodes, however they are grouped
)

// drawing is an ancestry or an impact as a script draws it.
type drawing struct {
	Width  float64    `json:"width"`
	Height float64    `json:"height"`
	Nodes  []drawNode `json:"nodes"`
	Edges  []drawEdge `json:"edges"`
	// Said under the drawing: what was grouped or cut, what is not known.
	Notes    []string `json:"notes"`
	Total    int      `json:"total"` // nodes that the answer has
	Group    string   `json:"group"` // how they are grouped: none, plate, step
	Complete bool     `json:"complete"`
}

// drawNode is one node, or a group of them.
type drawNode struct {
	ID        string  `json:"id"`
	X         float64 `json:"x"`
	Y         float64 `json:"y"`
	Kind      string  `json:"kind"`
	Title     string  `json:"title"`
	Line      string  `json:"line"` // under the title: share and volume
	Label     string  `json:"label"`
	Link      string  `json:"link"`
	Share     float64 `json:"share"` // in percent, for a drawn bar; -1: not known
	Root      bool    `json:"root,omitempty"`
	Possible  bool    `json:"possible,omitempty"`
	Count     int     `json:"count"`  // nodes in the group
	Hidden    int     `json:"hidden"` // nodes that were collapsed behind it
	Collapsed bool    `json:"collapsed,omitempty"`
	Leads     bool    `json:"leads"` // there is something behind it to collapse
}

type drawEdge struct {
	From     string       `json:"from"`
	To       string       `json:"to"`
	Points   [][2]float64 `json:"points"`
	Label    string       `json:"label"`
	Volume   string       `json:"volume"` // what is written beside it
	Possible bool         `json:"possible,omitempty"`
}

// Sizes of the drawing.
const (
	nodeWidth, nodeHeight = 168.0, 46.0
	stepRight, stepDown   = 262.0, 60.0
	margin                = 24.0
)

// graph answers the drawing of a well's, lot's or any node's ancestry or impact.
func (p *Pages) graph(r *http.Request) (any, error) {
	asOf, err := timeOf(r, "asof")
	if err != nil {
		return nil, err
	}
	ask := query.Ask{Direction: lineage.Direction(cmp.Or(r.FormValue("direction"), string(lineage.Upstream))),
		CarryOver: r.FormValue("carryover") == "1", Limit: query.MaxLimit, AsOf: asOf}
	if depth := r.FormValue("depth"); depth != "" {
		if ask.Depth, err = strconv.Atoi(depth); err != nil || ask.Depth < 1 {
			return nil, lineage.Invalid("draw graph", "depth "+depth, "use a whole number of 1 or more")
		}
	}
	if err := p.graphRoots(r, &ask); err != nil {
		return nil, err
	}
	answer, err := p.Query.Trace(r.Context(), ask)
	if err != nil {
		return nil, err
	}
	b := newGraphing(answer)
	for _, id := range strings.Split(r.FormValue("collapse"), ",") {
		b.collapse[id] = true
	}
	for _, id := range strings.Split(r.FormValue("open"), ",") {
		b.open[id] = true
	}
	return b.draw(r.FormValue("group"), r.FormValue("asof")), nil
}

// graphRoots are what a drawing starts from: an ancestry from one node, an impact
// from all that a selector touches.
func (p *Pages) graphRoots(r *http.Request, ask *query.Ask) error {
	if ask.Direction == lineage.Upstream {
		root, err := p.Query.Resolve(r.Context(), r.FormValue("of"), ask.AsOf)
		ask.Roots = []lineage.ID{root.ID}
		return err
	}
	start, err := p.Query.Start(r.Context(), r.FormValue("of"), query.Span{}, ask.AsOf)
	if err != nil {
		return err
	}
	if len(start.Roots) == 0 {
		start.Roots = start.Named
	}
	for _, root := range start.Roots {
		ask.Roots = append(ask.Roots, root.ID)
	}
	return nil
}

// graphing makes a drawing of an answer.
type graphing struct {
	answer   query.Answer
	upstream bool
	items    map[lineage.ID]query.Item // with the roots
	collapse map[string]bool           // drawn nodes that nothing is drawn behind
	open     map[string]bool           // groups that are drawn node by node
}

func newGraphing(answer query.Answer) *graphing {
	g := &graphing{answer: answer, upstream: answer.Direction == lineage.Upstream, items: make(map[lineage.ID]query.Item),
		collapse: map[string]bool{}, open: map[string]bool{}}
	for _, root := range answer.Roots {
		whole := 1.0
		g.items[root.ID] = query.Item{Node: root, Fraction: &whole, VolumeUl: numberOf(root, lineage.AttrVolumeUl)}
	}
	for _, item := range answer.Items {
		g.items[item.ID] = item
	}
	return g
}

// bundle is what is drawn as one: a node, or a group of them.
type bundle struct {
	id    string
	items []query.Item
	depth int
}

// line joins two bundles.
type line struct {
	from, to string
	count    int
	volumeUl float64 // of its edges that say one
	step     lineage.ID
	possible bool // each of its edges is one
}

func (g *graphing) draw(group, asOf string) drawing {
	d := drawing{Total: len(g.items), Complete: g.answer.Complete, Notes: []string{}, Nodes: []drawNode{}, Edges: []drawEdge{}}
	d.Notes = append(d.Notes, g.answer.Explanations...)
	if group == "" {
		group = "none"
		if len(g.items) > foldAbove {
			group = "plate"
			d.Notes = append(d.Notes, figure(float64(len(g.items)))+" nodes are grouped by plate: click a group to open it.")
		}
	}
	d.Group = group
	bundles, lines := g.bundle(group)
	bundles, hidden := g.visible(bundles, lines)
	if len(bundles) > drawMost {
		d.Notes = append(d.Notes, "Only the nearest "+figure(drawMost)+" of "+figure(float64(len(bundles)))+
			" are drawn: group them, ask for less depth, or collapse a branch.")
		bundles = bundles[:drawMost]
	}
	if g.answer.Next != "" {
		d.Notes = append(d.Notes, "There are more than 10 000 nodes: the farthest are left out.")
	}
	g.place(&d, bundles, lines, hidden, asOf)
	return d
}

// bundle groups the nodes, and what joins them.
func (g *graphing) bundle(group string) ([]bundle, []line) {
	of := make(map[lineage.ID]string, len(g.items))
	index, bundles := make(map[string]int), []bundle{}
	for _, item := range g.sorted() {
		id := g.key(item, group)
		of[item.ID] = id
		i, there := index[id]
		if !there {
			i = len(bundles)
			index[id] = i
			bundles = append(bundles, bundle{id: id, depth: item.Depth})
		}
		bundles[i].items = append(bundles[i].items, item)
	}
	joined, lines := make(map[[2]string]int), []line{}
	for _, e := range g.answer.Edges {
		from, to := of[e.SourceID], of[e.TargetID]
		if from == to || from == "" || to == "" {
			continue
		}
		i, there := joined[[2]string{from, to}]
		if !there {
			i = len(lines)
			joined[[2]string{from, to}] = i
			lines = append(lines, line{from: from, to: to, possible: true, step: e.TransformationID})
		}
		lines[i].count++
		if v, ok := e.Attributes[lineage.AttrVolumeUl].(float64); ok {
			lines[i].volumeUl += v
		}
		lines[i].possible = lines[i].possible && e.RelationshipType == lineage.CarriedOver
	}
	return bundles, lines
}

// sorted are the nodes by their distance from the root.
func (g *graphing) sorted() []query.Item {
	all := make([]query.Item, 0, len(g.items))
	for _, item := range g.items {
		all = append(all, item)
	}
	slices.SortFunc(all, func(a, b query.Item) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
	return all
}

// key is the group of a node; its id where it is drawn by itself.
func (g *graphing) key(item query.Item, group string) string {
	id := item.ID.String()
	if group == "none" || item.Depth == 0 {
		return id
	}
	var key string
	switch a := item.Node; {
	case item.Kind == lineage.KindWellState && group == "step":
		key = "step:" + attr(a, lineage.AttrRun) + ":" + attr(a, lineage.AttrLabware) + ":" + attr(a, lineage.AttrCommand)
	case item.Kind == lineage.KindWellState:
		key = "plate:" + attr(a, lineage.AttrRun) + ":" + attr(a, lineage.AttrLabware)
	case item.Kind == lineage.KindMeasurement:
		key = "read:" + attr(a, "measured") + ":" + attr(a, lineage.AttrBarcode) + attr(a, "plate")
	default:
		return id
	}
	if g.open[key] {
		return id
	}
	return key
}

// visible leaves out what is only reached through a collapsed bundle, and counts it.
func (g *graphing) visible(bundles []bundle, lines []line) ([]bundle, map[string]int) {
	next := make(map[string][]string)
	for _, l := range lines {
		if g.upstream {
			next[l.to] = append(next[l.to], l.from)
		} else {
			next[l.from] = append(next[l.from], l.to)
		}
	}
	byID := make(map[string]bundle, len(bundles))
	reached, queue := make(map[string]bool), []string{}
	for _, b := range bundles {
		byID[b.id] = b
		if b.depth == 0 {
			reached[b.id], queue = true, append(queue, b.id)
		}
	}
	walk := func(queue []string, reached map[string]bool, through bool) {
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			if g.collapse[at] && !through {
				continue
			}
			for _, to := range next[at] {
				if !reached[to] {
					reached[to], queue = true, append(queue, to)
				}
			}
		}
	}
	walk(queue, reached, false)
	hidden := make(map[string]int)
	for id := range g.collapse {
		if !reached[id] {
			continue
		}
		behind := map[string]bool{id: true}
		walk([]string{id}, behind, true)
		for other := range behind {
			if !reached[other] {
				hidden[id] += len(byID[other].items)
			}
		}
	}
	kept := slices.DeleteFunc(slices.Clone(bundles), func(b bundle) bool { return !reached[b.id] })
	return kept, hidden
}

// place lays the bundles out and writes them down.
func (g *graphing) place(d *drawing, bundles []bundle, lines []line, hidden map[string]int, asOf string) {
	number := make(map[string]int, len(bundles))
	graph := layered{nodes: len(bundles), weak: map[int]bool{}}
	for i, b := range bundles {
		number[b.id] = i
	}
	var drawn []line
	leads := make(map[string]bool)
	for _, l := range lines {
		from, hasFrom := number[l.from]
		to, hasTo := number[l.to]
		near := l.to
		if !g.upstream {
			near = l.from
		}
		leads[near] = true
		if hasFrom && hasTo {
			if l.possible {
				graph.weak[len(graph.edges)] = true
			}
			graph.edges, drawn = append(graph.edges, [2]int{from, to}), append(drawn, l)
		}
	}
	places, bends := graph.lay()
	x := func(layer int) float64 { return margin + float64(layer)*stepRight }
	y := func(row float64) float64 { return margin + row*stepDown }
	for i, b := range bundles {
		node := g.node(b, asOf)
		node.X, node.Y = x(places[i].layer), y(places[i].row)
		node.Hidden, node.Collapsed, node.Leads = hidden[b.id], g.collapse[b.id], leads[b.id]
		d.Width, d.Height = max(d.Width, node.X+nodeWidth+margin), max(d.Height, node.Y+nodeHeight+margin)
		d.Nodes = append(d.Nodes, node)
	}
	steps := make(map[lineage.ID]lineage.Node, len(g.answer.Steps))
	for _, step := range g.answer.Steps {
		steps[step.ID] = step
	}
	for i, l := range drawn {
		from, to := d.Nodes[number[l.from]], d.Nodes[number[l.to]]
		edge := drawEdge{From: l.from, To: l.to, Possible: l.possible, Points: [][2]float64{{from.X + nodeWidth, from.Y + nodeHeight/2}}}
		for k, row := range bends[i] {
			edge.Points = append(edge.Points, [2]float64{x(places[number[l.from]].layer+k+1) + nodeWidth/2, y(row) + nodeHeight/2})
		}
		edge.Points = append(edge.Points, [2]float64{to.X, to.Y + nodeHeight/2})
		edge.Label = stepText(steps[l.step], l)
		if l.volumeUl > 0 {
			edge.Volume = volume(&l.volumeUl)
		}
		d.Edges = append(d.Edges, edge)
	}
}

// stepText says what joined two nodes.
func stepText(step lineage.Node, l line) string {
	words := []string{}
	if l.count > 1 {
		words = append(words, figure(float64(l.count))+"×")
	}
	if kind := attr(step, "kind"); kind != "" {
		words = append(words, kind)
	}
	if l.volumeUl > 0 {
		words = append(words, volume(&l.volumeUl))
	}
	if l.possible {
		words = append(words, "possibly carried over by a tip")
	}
	return strings.Join(words, " ")
}

// node is a bundle as it is drawn.
func (g *graphing) node(b bundle, asOf string) drawNode {
	first := b.items[0]
	n := drawNode{ID: b.id, Kind: string(first.Kind), Count: len(b.items), Root: first.Depth == 0, Possible: true, Share: -1}
	shares := []float64{}
	for _, item := range b.items {
		n.Possible = n.Possible && item.Possible
		if item.Fraction != nil {
			shares = append(shares, *item.Fraction)
		}
	}
	if len(shares) > 0 {
		n.Share = bar(slices.Max(shares))
	}
	if len(b.items) == 1 {
		n.Title, n.Link, n.Line = nodeTitle(first.Node), linkAsOf(linkOf(first.Node), asOf), percent(first.Fraction)
		if first.VolumeUl != nil && first.Kind != lineage.KindMeasurement {
			n.Line += " · " + volume(first.VolumeUl)
		}
		if first.Kind == lineage.KindMeasurement {
			n.Line = strings.TrimSpace(attr(first.Node, "value") + " " + attr(first.Node, "unit"))
		}
	} else {
		n.Title, n.Line = groupTitle(b), plural(len(b.items), "well state")
		if first.Kind == lineage.KindMeasurement {
			n.Line = plural(len(b.items), "reading")
		}
		if len(shares) > 0 {
			n.Line += " · to " + percent(slices.Max(shares))
		}
	}
	n.Label = strings.ToLower(n.Kind) + " " + n.Title + ", " + n.Line
	return n
}

func linkAsOf(to, asOf string) string {
	if asOf == "" {
		return to
	}
	return to + "&" + strings.TrimPrefix(link("", "asof", asOf), "?")
}

// nodeTitle is short: a well and its plate, else a name.
func nodeTitle(node lineage.Node) string {
	if node.Kind == lineage.KindMeasurement {
		return attr(node, "measured") + " " + attr(node, lineage.AttrWell)
	}
	if node.Kind != lineage.KindWellState {
		return title(node)
	}
	well := attr(node, lineage.AttrWell)
	return well + " · " + plateTitle(node)
}

// plateTitle is the barcode, else the label of the plate that a state is in.
func plateTitle(state lineage.Node) string {
	plate := strings.TrimSpace(strings.TrimSuffix(state.Name, " "+attr(state, lineage.AttrWell)))
	if _, barcode, there := strings.Cut(plate, "["); there && strings.HasSuffix(barcode, "]") {
		return strings.TrimSuffix(barcode, "]")
	}
	return plate
}

func groupTitle(b bundle) string {
	first := b.items[0].Node
	if first.Kind == lineage.KindMeasurement {
		return attr(first, "measured") + " of " + cmp.Or(attr(first, lineage.AttrBarcode), attr(first, "plate"))
	}
	return plateTitle(first)
}

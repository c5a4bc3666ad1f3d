package app

import (
	"bytes"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"wellspring/cypher"
)

// guidePath is where Neo4j Browser finds a guide, by
//
//	:play http://localhost:7117/browser-guide
//
// It holds nothing of the graph, so whoever reaches the address may read it; the
// address is another than that of the Browser, which reads it by a script.
const guidePath = "/browser-guide"

// guidePage is the form of a guide that Neo4j Browser plays: slides, in which a
// click on a line puts it on the editor line.
var guidePage = template.Must(template.New("guide").Parse(`<article class="guide">
<carousel class="deck container-fluid">
<slide class="row-fluid">
<div class="col-sm-12">
<h3>Wellspring: where does this come from?</h3>
<p>{{len .}} questions about the wells, lots, plates and runs of this graph. Each slide has the parameters to set first, then the question: a click puts them on the editor line.</p>
<p>Relationships point upstream, from a content to what it came from. Look, don't touch: the graph is made from the journal.</p>
<ol>{{range .}}<li>{{.Question}}</li>{{end}}</ol>
</div>
</slide>
{{range .}}<slide class="row-fluid">
<div class="col-sm-12">
<h3>{{.Question}}</h3>
<p>{{.Purpose}} Returns {{.Returns}}.</p>
<pre mode="cypher" class="pre-scrollable code runnable">{{.Set}}</pre>
<pre mode="cypher" class="pre-scrollable code runnable">{{.Text}}</pre>
</div>
</slide>
{{end}}</carousel>
</article>
`))

// question is a saved query with the line that sets its parameters.
type question struct {
	cypher.Statement
	Set string
}

// guide answers with the guide, and hands everything else on.
func guide(next http.Handler) http.Handler {
	var page bytes.Buffer
	var questions []question
	for _, s := range cypher.Browser() {
		var values []string
		for _, name := range slices.Sorted(maps.Keys(s.Examples)) {
			values = append(values, name+": '"+s.Examples[name]+"'")
		}
		questions = append(questions, question{s, ":params {" + strings.Join(values, ", ") + "}"})
	}
	if err := guidePage.Execute(&page, questions); err != nil {
		panic(err) // template and questions are part of the program
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+guidePath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(page.Bytes()) // who left needs no answer
	})
	// The Browser asks first whether it may.
	mux.HandleFunc("OPTIONS "+guidePath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "GET")
		w.Header().Set("Access-Control-Allow-Headers", "*")
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/", next)
	return mux
}

package house

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// metric matches what could be the name of a metric in a PromQL expression.
var metric = regexp.MustCompile(`\b(wellspring|data|lineage)_[a-z_]+\b`)

func TestAlertsAndDashboardAskForWhatIsMeasured(t *testing.T) {
	measured := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && metric.FindString(text) == text {
					measured[text] = true
				}
			}
			return true
		})
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "deploy/grafana/dashboards/wellspring.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	exprs := map[string]string{}
	for _, a := range alerts(t) {
		exprs[a.Expr] = "alert " + a.Name
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			exprs[target.Expr] = "panel " + panel.Title
		}
	}
	for expr, asks := range exprs {
		for _, name := range metric.FindAllString(expr, -1) {
			base := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				base = strings.TrimSuffix(base, suffix)
			}
			if !measured[base] && !measured[name] {
				t.Errorf("%s asks for %s, which nobody measures", asks, name)
			}
		}
	}
}

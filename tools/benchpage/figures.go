package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchunit"
)

// confidence is that of the interval around a median.
const confidence = 0.95

// figures are the measurements of one go test -bench, in the order of its output.
type figures struct {
	machine  string // operating system, architecture, processor
	packages []*section
	runs     int // the fewest runs of any benchmark
}

// section is what one package measured.
type section struct {
	name string
	rows []*row
}

// row is one benchmark: its measurements by unit, the units in order.
type row struct {
	name  string
	units []string
	by    map[string][]float64
}

// read takes the output of go test -bench; what is no measurement is passed over.
func read(in io.Reader, name string) (*figures, error) {
	f := &figures{}
	reader := benchfmt.NewReader(in, name)
	for reader.Scan() {
		if result, ok := reader.Result().(*benchfmt.Result); ok {
			f.take(result)
		}
	}
	if err := reader.Err(); err != nil {
		return nil, err
	}
	if len(f.packages) == 0 {
		return nil, errors.New("no measurement in it")
	}
	for _, s := range f.packages {
		for _, r := range s.rows {
			runs := len(r.by[r.units[0]])
			if f.runs == 0 || runs < f.runs {
				f.runs = runs
			}
		}
	}
	return f, nil
}

func (f *figures) take(result *benchfmt.Result) {
	f.machine = strings.TrimSpace(fmt.Sprintf("%s/%s, %s", result.GetConfig("goos"), result.GetConfig("goarch"), result.GetConfig("cpu")))
	r := f.row(result.GetConfig("pkg"), bare(string(result.Name)))
	for _, value := range result.Values {
		if _, ok := r.by[value.Unit]; !ok {
			r.units = append(r.units, value.Unit)
		}
		r.by[value.Unit] = append(r.by[value.Unit], value.Value)
	}
}

// bare is a benchmark's name without the number of processors at its end.
func bare(name string) string {
	if at := strings.LastIndexByte(name, '-'); at > 0 && strings.Trim(name[at+1:], "0123456789") == "" {
		return name[:at]
	}
	return name
}

func (f *figures) row(pkg, name string) *row {
	at := slices.IndexFunc(f.packages, func(s *section) bool { return s.name == pkg })
	if at < 0 {
		at = len(f.packages)
		f.packages = append(f.packages, &section{name: pkg})
	}
	s := f.packages[at]
	for _, r := range s.rows {
		if r.name == name {
			return r
		}
	}
	r := &row{name: name, by: map[string][]float64{}}
	s.rows = append(s.rows, r)
	return r
}

func atLeast(runs int) string {
	if runs == 1 {
		return "at least one run"
	}
	return fmt.Sprintf("at least %d runs", runs)
}

// ownColumn are the units that have a column each; the others share the last.
var ownColumn = []string{"sec/op", "B/op", "allocs/op"}

// markdown is a table a package.
func (f *figures) markdown(circumstances string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s. Each figure is the median of %s, ± half of its 95 %% confidence interval where that many runs have one.\n",
		circumstances, atLeast(f.runs))
	for _, s := range f.packages {
		fmt.Fprintf(&b, "\n### %s\n\n| benchmark | time | memory | allocations | besides |\n|---|--:|--:|--:|---|\n", s.name)
		for _, r := range s.rows {
			fmt.Fprintf(&b, "| `%s` |", r.name)
			for _, unit := range ownColumn {
				fmt.Fprintf(&b, " %s |", r.figure(unit))
			}
			var besides []string
			for _, unit := range r.units {
				if !slices.Contains(ownColumn, unit) {
					besides = append(besides, r.figure(unit))
				}
			}
			fmt.Fprintf(&b, " %s |\n", strings.Join(besides, "; "))
		}
	}
	return b.String()
}

// figure is the median of one unit, with its spread; "" if it was not measured.
// A unit of a benchmark's own may be a rate, commands/s, or a name with sec, ms
// or bytes after it, p99-ms, which becomes a name before the figure.
func (r *row) figure(unit string) string {
	values, ok := r.by[unit]
	if !ok {
		return ""
	}
	summary := benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), confidence)
	number := benchunit.Scale(summary.Center, benchunit.ClassOf(unit))
	if unit == "allocs/op" {
		return number
	}
	spread := ""
	if !math.IsInf(summary.Lo, 0) && !math.IsInf(summary.Hi, 0) {
		spread = " ± " + strings.TrimPrefix(summary.PctRangeString(), "±")
	}
	if unit == "sec/op" || unit == "B/op" {
		return spaced(number, short[strings.TrimSuffix(unit, "/op")]) + spread
	}
	switch name, of, _ := strings.Cut(unit, "-"); {
	case short[of] != "":
		return name + " " + spaced(number, short[of]) + spread
	case of == "ms":
		return name + " " + number + " ms" + spread
	case strings.HasPrefix(unit, "B/"):
		return spaced(number, unit) + spread
	}
	return number + " " + unit + spread
}

var short = map[string]string{"sec": "s", "B": "B", "bytes": "B"}

// spaced puts a blank between a number and its unit: 1.234m and s is 1.234 ms.
func spaced(scaled, unit string) string {
	number := strings.TrimRight(scaled, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZµ")
	return number + " " + scaled[len(number):] + unit
}

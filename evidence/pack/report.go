package pack

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"wellspring/evidence/report"
)

// The report for people, in its two forms.
const (
	FileReportHTML = "report.html"
	FileReportPDF  = "report.pdf"
)

// reports writes what the package holds for people.
func (b *builder) reports() error {
	a := b.answer
	about := report.About{
		Question: facts(a), Subject: cmp.Or(a.Subject, a.Question.About), AsOf: a.Question.AsOf, Log: a.Log, LogSize: a.LogSize,
		Complete: a.Verdict.Complete, Truncated: a.Verdict.Truncated, Redacted: a.Question.Redact, Explanations: a.Verdict.Explanations, Signatures: b.signatures,
	}
	for _, s := range b.archive.sums {
		about.Files = append(about.Files, report.File{Name: s.name, SHA256: s.hash, Bytes: s.size})
	}
	document := b.report.Document(about)
	if err := b.archive.file(FileReportHTML, func(w io.Writer) error { return document.HTML(w) }); err != nil {
		return err
	}
	return b.archive.file(FileReportPDF, func(w io.Writer) error { return document.PDF(w) })
}

// facts are what question.json says, for people.
func facts(a Answer) []report.Fact {
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999 UTC") }
	all := []report.Fact{{Name: "Question", Value: "about " + a.Question.About + " " + a.Question.Selector}}
	if !a.Question.Since.IsZero() {
		all[0].Value = "everything that was entered since " + at(a.Question.Since)
	}
	all = append(all,
		report.Fact{Name: "As of", Value: at(a.Question.AsOf)},
		report.Fact{Name: "Holds", Value: fmt.Sprintf("%d nodes, %d edges, %d records with %d payloads, %d acts", a.Nodes, a.Edges, a.Records, a.Payloads, a.Acts)},
		report.Fact{Name: "SHA-256 of the lineage", Value: a.LineageSHA256})
	if a.WholeLineageSHA256 != "" {
		all = append(all, report.Fact{Name: "the same, not redacted", Value: a.WholeLineageSHA256})
	}
	return append(all, report.Fact{Name: "Evidence log", Value: fmt.Sprintf("%s, size %d", a.Log, a.LogSize)})
}

package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Fresh writes drawn histories to a store while several readers ask it the same
// few questions again and again. An answer must be the model's as of a moment
// between the last Apply that had returned when it was asked for and the last
// that had begun when it came; and no reader may be told something older than
// before. At most so many histories are drawn.
func Fresh(t *testing.T, s graphstore.Store, most int) {
	histories := 0
	rapid.Check(t, func(rt *rapid.T) {
		if histories++; histories > most {
			return
		}
		h := drawHistory(rt, newWorld(fmt.Sprintf("fresh-%d", histories)))
		answers := h.expected(t, rt)
		seed := rapid.Uint64().Draw(rt, "seed")
		var began, ended atomic.Int64
		wrong := make(chan string, 100)
		asked := make(chan struct{}, 1000)
		done := make(chan struct{})

		var readers sync.WaitGroup
		for i := range 3 {
			readers.Go(func() {
				r := reader{t: t, store: s, history: h, answers: answers, random: rand.New(rand.NewPCG(seed, uint64(i)))}
				for {
					if complaint := r.ask(&began, &ended); complaint != "" {
						select {
						case wrong <- complaint:
						default:
						}
					}
					select {
					case asked <- struct{}{}:
					case <-done:
						return
					default:
					}
				}
			})
		}
		for i, step := range h.steps {
			for range step.pause {
				<-asked
			}
			began.Store(int64(i + 1))
			if _, err := s.Apply(t.Context(), step.projection, step.at); (err != nil) != step.refused {
				wrong <- fmt.Sprintf("apply %d: error %v, want one: %v", i, err, step.refused)
			}
			ended.Store(int64(i + 1))
		}
		close(done)
		readers.Wait()
		for q := range h.questions {
			if got, want := h.answer(t, s, q), answers[q][len(h.steps)]; got != want {
				wrong <- fmt.Sprintf("in the end: %s\ngot  %s\nwant %s", h.questions[q].name, got, want)
			}
		}
		close(wrong)
		for complaint := range wrong {
			rt.Fatal(complaint)
		}
	})
}

// written is one Apply of a history.
type written struct {
	projection lineage.Projection
	at         time.Time
	refused    bool // by the model
	pause      int  // questions that are asked before it
}

type freshHistory struct {
	steps     []written
	questions []question
}

func drawHistory(rt *rapid.T, w world) *freshHistory {
	h := &freshHistory{}
	times := []time.Time{now}
	for step := range rapid.IntRange(2, 8).Draw(rt, "steps") {
		when := at(max(0, step-rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(rt, "late"))).Add(time.Duration(step))
		times = append(times, when, when.Add(-1))
		h.steps = append(h.steps, written{projection: w.drawProjection(rt), at: when, pause: rapid.IntRange(0, 60).Draw(rt, "pause")})
	}
	asOf := rapid.SampledFrom(times).Draw(rt, "as of")
	for _, q := range w.questions(asOf) {
		if !strings.HasPrefix(q.name, "find ") { // in several pages, which need not be of one moment
			h.questions = append(h.questions, q)
		}
	}
	h.questions = append(h.questions, w.pages(asOf)...)
	return h
}

// pages are questions about one page of what is found.
func (w world) pages(asOf time.Time) []question {
	byRun := map[string]string{lineage.AttrRun: w.name}
	var qs []question
	for _, f := range []lineage.Find{
		{Attrs: byRun, Limit: 3},
		{Attrs: byRun, Limit: 2, After: graphstore.Place{Name: "node 1"}.Cursor()},
		{Attrs: byRun, Limit: 3, AsOf: asOf},
		{Attrs: byRun, Limit: 10, Kind: lineage.KindWellState, Name: "node 2"},
	} {
		qs = append(qs, question{fmt.Sprintf("page %+v", f), func(t *testing.T, s graphstore.Store) any {
			page, err := s.Find(t.Context(), f)
			if err != nil {
				t.Error(err)
			}
			return page
		}})
	}
	return qs
}

// expected is what the model answers each question before the first step, and
// after each.
func (h *freshHistory) expected(t *testing.T, rt *rapid.T) [][]string {
	answers := make([][]string, len(h.questions))
	model := NewModel()
	for i := range len(h.steps) + 1 {
		for q := range h.questions {
			answers[q] = append(answers[q], h.answer(t, model, q))
		}
		if i < len(h.steps) {
			_, err := model.Apply(t.Context(), h.steps[i].projection, h.steps[i].at)
			h.steps[i].refused = err != nil
		}
	}
	return answers
}

// answer asks a question and writes the answer down in one way.
func (h *freshHistory) answer(t *testing.T, s graphstore.Store, q int) string {
	text, err := json.Marshal(h.questions[q].ask(t, s))
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(string(text), "null", "[]") // an empty list is one
}

// reader is somebody who asks.
type reader struct {
	t       *testing.T
	store   graphstore.Store
	history *freshHistory
	answers [][]string
	random  *rand.Rand
	seen    int64 // the newest step that an answer must have come from
}

// ask asks one question and says what is wrong with the answer.
func (r *reader) ask(began, ended *atomic.Int64) string {
	q := r.random.IntN(len(r.history.questions))
	from := max(r.seen, ended.Load())
	got := r.history.answer(r.t, r.store, q)
	for step := from; step <= began.Load(); step++ {
		if got == r.answers[q][step] {
			r.seen = step
			return ""
		}
	}
	return fmt.Sprintf("after step %d: %s\ngot  %s\nwant %s", from, r.history.questions[q].name, got, r.answers[q][from])
}

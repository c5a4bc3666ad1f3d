package neo4j

import (
	"context"
	"slices"
	"sync"
	"time"

	"wellspring/lineage"
)

// The server lets one writer in at a time. Of those who wait meanwhile, whoever is let
// in next takes along who can share the transaction: its statements and its commit cost
// more than the few rows of a run that is followed.

// mostTogether bounds what the jobs of one transaction are about.
const mostTogether = 4000

// line is where jobs wait.
type line struct {
	turn    chan struct{} // full: a transaction is under way
	mu      sync.Mutex
	waiting []*job
}

// make makes a claim true, in one transaction.
func (s *Store) make(ctx context.Context, op string, owner lineage.Owner, at time.Time, c claim) (lineage.Applied, error) {
	j := &job{ctx: ctx, op: op, owner: owner, at: at.UTC(), claim: c, done: make(chan struct{})}
	s.line.join(j)
	given := ctx.Done()
	for {
		select {
		case <-j.done:
			return j.applied, j.err
		case s.line.turn <- struct{}{}:
			if ctx.Err() == nil {
				s.makeTogether(ctx, s.line.take(j))
			}
			<-s.line.turn
			given = ctx.Done()
		case <-given:
			if s.line.leave(j) {
				return lineage.Applied{}, storeError(ctx, op, string(owner), ctx.Err())
			}
			given = nil // its transaction is under way: whoever keeps answers must hear how that ends
		}
	}
}

// makeTogether makes the claims of jobs true in one transaction. Where one of them makes
// that fail, each goes back to try alone.
func (s *Store) makeTogether(ctx context.Context, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	var applied []lineage.Applied
	_, err := s.write(ctx, func(tx querier) (_ any, err error) {
		w := newWriter(tx, jobs)
		applied, err = w.make(ctx)
		return nil, err
	})
	if err != nil && len(jobs) > 1 && !isAway(err) {
		s.line.back(jobs)
		return
	}
	for i, j := range jobs {
		if j.err = storeError(j.ctx, j.op, string(j.owner), err); err == nil {
			j.applied = applied[i]
		}
		close(j.done)
	}
}

func (l *line) join(j *job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, j)
}

// take takes a job out of the line, and who can share its transaction: who is about
// other things. Nothing: the job was taken along before.
func (l *line) take(first *job) []*job {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.waiting, first) {
		return nil
	}
	jobs, about := []*job{first}, first.shareable()
	for _, j := range l.waiting {
		if about == nil || j == first {
			continue
		}
		its := j.shareable()
		if its == nil || len(about)+len(its) > mostTogether || overlap(about, its) {
			continue
		}
		for thing := range its {
			about[thing] = struct{}{}
		}
		jobs = append(jobs, j)
	}
	l.waiting = slices.DeleteFunc(l.waiting, func(j *job) bool { return slices.Contains(jobs, j) })
	return jobs
}

func overlap(a, b map[any]struct{}) bool {
	for thing := range b {
		if _, both := a[thing]; both {
			return true
		}
	}
	return false
}

// back lets jobs wait again, each for a transaction of its own.
func (l *line) back(jobs []*job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range jobs {
		j.alone = true
	}
	l.waiting = append(jobs, l.waiting...)
}

// leave takes a job out of the line, unless its transaction is under way.
func (l *line) leave(j *job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, j)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return true
}

package cached

import (
	"math"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	gocache "github.com/patrickmn/go-cache"

	"wellspring/lineage"
)

// shelf holds the answers: go-cache each with its time, simplelru their order
// of use; and beside them what answers rest on what. It is not safe for concurrent use.
type shelf struct {
	config  CacheConfig
	metrics *Metrics

	answers *gocache.Cache
	order   *simplelru.LRU[string, struct{}]
	bytes   int64
	sweepAt time.Time // when to look next for answers whose time is over

	byID  map[lineage.ID][]*entry
	finds map[bucket]map[*entry]struct{} // of the current graph
	past  map[*entry]struct{}            // as of a time

	reason string // of the evictions under way
}

func newShelf(config CacheConfig, metrics *Metrics) *shelf {
	s := &shelf{config: config, metrics: metrics}
	// Without an interval go-cache starts no goroutine: sweep does its work.
	s.answers = gocache.New(config.ttl(), 0)
	s.answers.OnEvicted(func(_ string, answer any) { s.forget(answer.(*entry)) })
	// The bound is on bytes, not on the number; the error is of a number below 1.
	s.order, _ = simplelru.NewLRU[string, struct{}](math.MaxInt, nil)
	s.byID = map[lineage.ID][]*entry{}
	s.finds = map[bucket]map[*entry]struct{}{}
	s.past = map[*entry]struct{}{}
	metrics.limit.Set(float64(config.bytes()))
	return s
}

// get returns an answer and notes that it was used.
func (s *shelf) get(key string) (*entry, bool) {
	answer, ok := s.answers.Get(key)
	if !ok {
		return nil, false
	}
	s.order.Get(key)
	return answer.(*entry), true
}

// put keeps an answer, and drops the ones that were not asked for longest until
// there is room.
func (s *shelf) put(e *entry) {
	if e.bytes > s.config.bytes()/4 {
		return
	}
	s.sweep()
	s.drop(byTTL, e.key) // it may be there with its time over
	s.answers.SetDefault(e.key, e)
	s.order.Add(e.key, struct{}{})
	s.bytes += e.bytes
	for _, id := range e.ids {
		s.byID[id] = append(s.byID[id], e)
	}
	if !e.asOf.IsZero() {
		s.past[e] = struct{}{}
	} else if e.find != nil {
		in := bucketOf(e.find)
		if s.finds[in] == nil {
			s.finds[in] = map[*entry]struct{}{}
		}
		s.finds[in][e] = struct{}{}
	}
	for s.bytes > s.config.bytes() {
		oldest, _, _ := s.order.GetOldest()
		s.drop(bySize, oldest)
	}
	s.measure()
}

// drop drops an answer if it is there.
func (s *shelf) drop(reason, key string) {
	s.reason = reason
	s.answers.Delete(key)
}

// sweep drops the answers whose time is over, now and then.
func (s *shelf) sweep() {
	now := time.Now()
	if now.Before(s.sweepAt) {
		return
	}
	s.sweepAt = now.Add(s.config.ttl() / 10)
	s.reason = byTTL
	s.answers.DeleteExpired()
}

// forget is called by go-cache for each answer that it lets go.
func (s *shelf) forget(e *entry) {
	s.order.Remove(e.key)
	s.bytes -= e.bytes
	for _, id := range e.ids {
		rest := s.byID[id]
		for i := range rest {
			if rest[i] == e {
				rest[i] = rest[len(rest)-1]
				rest[len(rest)-1] = nil
				rest = rest[:len(rest)-1]
				break
			}
		}
		if len(rest) == 0 {
			delete(s.byID, id)
		} else {
			s.byID[id] = rest
		}
	}
	delete(s.past, e)
	if e.find != nil {
		in := bucketOf(e.find)
		delete(s.finds[in], e)
		if len(s.finds[in]) == 0 {
			delete(s.finds, in)
		}
	}
	s.metrics.evictions.WithLabelValues(s.reason).Inc()
}

// spoil drops the answers that a change may spoil.
func (s *shelf) spoil(c *change) {
	if c.everything {
		s.clear(byChange)
		return
	}
	spoilt := map[string]struct{}{}
	for id, t := range c.touched {
		for _, e := range s.byID[id] {
			if e.rests(t) {
				spoilt[e.key] = struct{}{}
			}
		}
	}
	for e := range s.past {
		if c.reaches(e.basis) {
			spoilt[e.key] = struct{}{}
		}
	}
	for _, n := range c.contents {
		for in := range bucketsFor(n) {
			for e := range s.finds[in] {
				if fits(n, e.find) {
					spoilt[e.key] = struct{}{}
				}
			}
		}
	}
	for key := range spoilt {
		s.drop(byChange, key)
	}
	s.measure()
}

// clear drops all answers.
func (s *shelf) clear(reason string) {
	for _, key := range s.order.Keys() {
		s.drop(reason, key)
	}
	s.measure()
}

func (s *shelf) measure() {
	s.metrics.bytes.Set(float64(s.bytes))
	s.metrics.kept.Set(float64(s.order.Len()))
}

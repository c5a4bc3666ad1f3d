package labgraph

// SamplesOf is the experiment whose samples experiment i takes: its own, or those
// of the one that it repeats. Row 0 may start from an earlier pool in place of its sample.
func (l Lab) SamplesOf(i int) int { return l.choose(i).samplesOf }

package cached

import (
	"errors"
	"fmt"
	"time"
)

// CacheConfig says whether and how answers are kept.
type CacheConfig struct {
	Enabled bool `json:"enabled" yaml:"enabled"`
	// TTLSeconds is how long an answer is kept at most, in seconds, from 1. It
	// bounds how old an answer can be when another process writes to the same
	// database.
	TTLSeconds int `json:"ttl_seconds" yaml:"ttl_seconds"`
	// MaxSizeMB bounds the memory of all answers with all that is kept beside
	// them, in units of 10^6 bytes, from 1. An answer that would take more than a
	// quarter of it is not kept.
	MaxSizeMB int `json:"max_size_mb" yaml:"max_size_mb"`
	// EvictionPolicy says which answer goes where room is short: lru, the one that
	// was not asked for longest.
	EvictionPolicy string `json:"eviction_policy" yaml:"eviction_policy"`
}

// LRU is the one eviction policy.
const LRU = "lru"

// DefaultConfig returns what is in force where nothing was said.
func DefaultConfig() CacheConfig {
	return CacheConfig{Enabled: true, TTLSeconds: 3600, MaxSizeMB: 1000, EvictionPolicy: LRU}
}

// maxTTLSeconds is what a time.Duration holds, roughly: 290 years.
const maxTTLSeconds = 1 << 33

// Validate names every mistake at once.
func (c CacheConfig) Validate() error {
	var mistakes []error
	if c.TTLSeconds < 1 || c.TTLSeconds > maxTTLSeconds {
		mistakes = append(mistakes, fmt.Errorf("ttl_seconds: must be 1 to %d, is %d; to keep no answers set enabled to false", maxTTLSeconds, c.TTLSeconds))
	}
	if c.MaxSizeMB < 1 {
		mistakes = append(mistakes, fmt.Errorf("max_size_mb: must be at least 1, is %d; to keep no answers set enabled to false", c.MaxSizeMB))
	}
	if c.EvictionPolicy != LRU {
		mistakes = append(mistakes, fmt.Errorf("eviction_policy: %q is not known, the only one is lru", c.EvictionPolicy))
	}
	return errors.Join(mistakes...)
}

func (c CacheConfig) ttl() time.Duration { return time.Duration(c.TTLSeconds) * time.Second }

func (c CacheConfig) bytes() int64 { return int64(c.MaxSizeMB) * 1e6 }

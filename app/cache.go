package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
)

// Cache is how answers of the graph store are kept.
func (o Options) Cache() cached.CacheConfig {
	return cached.CacheConfig{
		Enabled: o.CacheEnabled, TTLSeconds: o.CacheTTLSeconds,
		MaxSizeMB: o.CacheMaxSizeMB, EvictionPolicy: o.CacheEvictionPolicy,
	}
}

// keeping puts a cache before a store, if there is to be one.
func keeping(store graphstore.Store, config cached.CacheConfig, registry prometheus.Registerer) (graphstore.Store, error) {
	engine, ok := store.(cached.Engine)
	if !config.Enabled || !ok {
		return store, nil
	}
	return cached.New(engine, config, cached.NewMetrics(registry))
}

package neo4j

import (
	"context"
	"errors"
	"fmt"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// storeError says what a failure means to a caller. An error that says it
// already stays as it is; no error stays none.
func storeError(ctx context.Context, op, id string, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*lineage.Error](err); ok {
		return known
	}
	if cause := ctx.Err(); cause != nil {
		return graphstore.Interrupted(op, cause)
	}
	failure := &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: id, Err: err}
	neo, said := errors.AsType[*driver.Neo4jError](err)
	switch {
	case said && neo.IsAuthenticationFailed():
		failure.Kind, failure.Hint = lineage.ErrorUnavailable, "set the user and the password of Neo4j"
	case said && neo.Code == "Neo.ClientError.Database.DatabaseNotFound":
		failure.Kind, failure.Hint = lineage.ErrorUnavailable, "name a database that there is: in Community Edition it is neo4j"
	case said && neo.Code == "Neo.TransientError.General.MemoryPoolOutOfMemoryError":
		failure.Kind, failure.Hint = lineage.ErrorTooLarge, "make it smaller, or give Neo4j more memory"
	case said && readOnly[neo.Code]:
		failure.Kind, failure.Hint = lineage.ErrorUnavailable, "make Neo4j's database writable: it goes on by itself"
		failure.Err = fmt.Errorf("%w: %w", graphstore.ErrNoWrites, err)
	case isAway(err):
		failure.Kind, failure.Hint = lineage.ErrorUnavailable, "see that Neo4j runs and can be reached, then try again"
	}
	return failure
}

// readOnly are the codes of a server that takes no writes.
var readOnly = map[string]bool{
	"Neo.ClientError.General.ForbiddenOnReadOnlyDatabase":   true,
	"Neo.ClientError.General.WriteOnReadOnlyAccessDatabase": true,
}

// isAway reports whether the server can't be reached or asks for another try.
// (The driver's own predicates don't look into wrapped errors.)
func isAway(err error) bool {
	if neo, ok := errors.AsType[*driver.Neo4jError](err); ok {
		return driver.IsRetryable(neo)
	}
	_, tired := errors.AsType[*driver.TransactionExecutionLimit](err)
	return isLost(err) || tired
}

// isLost reports whether there is no connection.
func isLost(err error) bool {
	_, lost := errors.AsType[*driver.ConnectivityError](err)
	return lost
}

package benchindex_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"wellspring/etl/benchindex"
	"wellspring/lineage"
)

// What SQLite says of a statement is no disk's fault, and goes on by itself no more
// than the statement does.
func TestAFaultOfAStatementIsSaidToBeOne(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "empty.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = benchindex.New(db, db).Todo(t.Context()) // there is no such table
	if lineage.KindOf(err) != lineage.ErrorUnavailable || !strings.Contains(err.Error(), "fault of the program") {
		t.Errorf("%v", err)
	}
}

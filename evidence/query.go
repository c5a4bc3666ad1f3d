package evidence

import "time"

// Receipt says where an act was entered.
type Receipt struct {
	Index    int64
	LoggedAt time.Time
}

// Query asks for entries. Zero fields don't restrict.
type Query struct {
	Type     string // record, act, damaged
	Subject  string
	Action   string
	Who      string
	From, To time.Time // logged_at: From and later, before To
	After    int64     // the first index
	Below    int64     // entries with a lower index; 0: all
	Limit    int       // 1..1000; 0: 100
}

// Page is one part of the answer to a query. Next is the After of the next part,
// 0 when this is the last one.
type Page struct {
	Entries []Entry
	Next    int64
}

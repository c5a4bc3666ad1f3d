package query

import (
	"testing"

	"pgregory.net/rapid"
)

// lengthOfCommon is the textbook's way: slow, and easy to believe.
func lengthOfCommon(a, b []int) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func TestCommonInOrderIsLongest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sequence := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 30)
		a, b := sequence.Draw(t, "a"), sequence.Draw(t, "b")
		pairs := commonInOrder(a, b)
		for i, p := range pairs {
			if a[p[0]] != b[p[1]] {
				t.Fatalf("pair %v is of unlike things", p)
			}
			if i > 0 && (p[0] <= pairs[i-1][0] || p[1] <= pairs[i-1][1]) {
				t.Fatalf("%v is not in order", pairs)
			}
		}
		if want := lengthOfCommon(a, b); len(pairs) != want {
			t.Fatalf("%d in common, want %d", len(pairs), want)
		}
	})
}

func TestOutOfOrder(t *testing.T) {
	for _, tt := range []struct {
		order []int
		want  int
	}{{nil, 0}, {[]int{0, 1, 2}, 0}, {[]int{2, 0, 1}, 1}, {[]int{2, 1, 0}, 2}, {[]int{0, 3, 1, 2, 4}, 1}} {
		var pairs [][2]int
		for i, j := range tt.order {
			pairs = append(pairs, [2]int{i, j})
		}
		if got := outOfOrder(pairs); got != tt.want {
			t.Errorf("%v: %d out of order, want %d", tt.order, got, tt.want)
		}
	}
}

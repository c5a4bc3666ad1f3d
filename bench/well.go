package bench

import (
	"strconv"
	"strings"
)

// maxRows and maxColumns are those of a 1536-well plate.
const maxRows, maxColumns = 32, 48

// parseWell writes the name of a well in one way: a01 is A1.
func parseWell(text string) (string, bool) {
	head := strings.TrimRight(text, "0123456789")
	digits, letters := text[len(head):], strings.ToUpper(head)
	column, err := strconv.Atoi(digits)
	row, ok := rowNumber(letters)
	if err != nil || !ok || column < 1 || column > maxColumns || row > maxRows || len(digits) > 2 {
		return "", false
	}
	return letters + strconv.Itoa(column), true
}

// rowNumber is the number of a row from its letters: A is 1, Z 26, AA 27.
func rowNumber(letters string) (int, bool) {
	n := 0
	for _, c := range letters {
		if c < 'A' || c > 'Z' || n > maxRows {
			return 0, false
		}
		n = n*26 + int(c-'A') + 1
	}
	return n, n > 0
}

const wellHint = "write wells as A1 to AF48"

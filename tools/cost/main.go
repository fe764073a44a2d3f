// Command cost compares the cost of this module's calls with that of the same calls written by hand with net/http and
// encoding/json, in one run. It fails if allocations, bytes or memory exceed a limit. Times are printed but have no
// limit, because they depend on the machine.
//
//	go -C tools run ./cost           the table
//	go -C tools run ./cost -growth   how cost grows with the size of answers and the number of goroutines
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// row is one line of the table.
type row struct {
	what string
	got  float64
	bar  float64 // the limit; 0 means none
	unit string  // "x" is a ratio to the floor
	time bool    // printed, without a limit
}

func (r row) holds() bool { return r.bar == 0 || r.got <= r.bar }

func main() {
	child := flag.String("child", "", "be the program whose memory is measured")
	only := flag.String("only", "", "measure one group alone: "+strings.Join(groupNames(), ", "))
	address := flag.String("address", "", "the server of the child")
	growing := flag.Bool("growth", false, "print how cost grows instead of the table")
	flag.Parse()
	switch {
	case *child != "":
		check(runChild(*child, *address))
	case *growing:
		printGrowth(os.Stdout)
	default:
		if !printTable(os.Stdout, table(*only)) {
			fmt.Fprintln(os.Stderr, "a bar is broken")
			os.Exit(1)
		}
	}
}

var groups = []struct {
	name    string
	measure func() []row
}{{"calls", calls}, {"decoding", decoding}, {"resident", resident}, {"reports", reports}, {"rest", rest}}

func groupNames() []string {
	var names []string
	for _, group := range groups {
		names = append(names, group.name)
	}
	return names
}

func table(only string) []row {
	var rows []row
	for _, group := range groups {
		if only == "" || only == group.name {
			rows = append(rows, group.measure()...)
		}
	}
	return rows
}

// printTable prints rows and reports whether all values are within their limits.
func printTable(w *os.File, rows []row) bool {
	ok := true
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "measure\tgot\tbar\t")
	for _, r := range rows {
		bar, word := "", ""
		if r.bar > 0 {
			bar = format(r.bar, r.unit)
		}
		switch {
		case r.holds():
		case r.time:
			word = "slower (not judged)"
		default:
			word = "BROKEN"
			ok = false
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.what, format(r.got, r.unit), bar, word)
	}
	check(t.Flush())
	return ok
}

func format(v float64, unit string) string {
	if unit == "x" {
		return fmt.Sprintf("%.2fx", v)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(2)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

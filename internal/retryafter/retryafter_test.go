package retryafter_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant/internal/retryafter"
)

var now = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

func TestParseReadsSecondsAndDates(t *testing.T) {
	t.Parallel()
	at := now.Add(90 * time.Second)
	skewed := now.Add(-time.Hour)
	for name, test := range map[string]struct {
		value, date string
		want        time.Duration
		ok          bool
	}{
		"none":                         {},
		"blank":                        {value: "  "},
		"seconds":                      {value: "2", want: 2 * time.Second, ok: true},
		"seconds with space":           {value: " 7 ", want: 7 * time.Second, ok: true},
		"leading zeros":                {value: "0000000000000000000000003", want: 3 * time.Second, ok: true},
		"zero":                         {value: "0", ok: true},
		"years":                        {value: "99999999", want: 99999999 * time.Second, ok: true},
		"longest duration":             {value: "9223372036", want: 9223372036 * time.Second, ok: true},
		"beyond a duration":            {value: "9223372037", want: math.MaxInt64, ok: true},
		"beyond 64 bits":               {value: "99999999999999999999999999", want: math.MaxInt64, ok: true},
		"IMF-fixdate":                  {value: at.Format(http.TimeFormat), want: 90 * time.Second, ok: true},
		"RFC 850":                      {value: "Friday, 02-Jan-26 03:05:35 GMT", want: 90 * time.Second, ok: true},
		"asctime":                      {value: "Fri Jan  2 03:05:35 2026", want: 90 * time.Second, ok: true},
		"date against the answer's":    {value: at.Format(http.TimeFormat), date: skewed.Format(http.TimeFormat), want: time.Hour + 90*time.Second, ok: true},
		"date against a broken Date":   {value: at.Format(http.TimeFormat), date: "yesterday", want: 90 * time.Second, ok: true},
		"past":                         {value: skewed.Format(http.TimeFormat), ok: true},
		"past by the answer's Date":    {value: now.Format(http.TimeFormat), date: at.Format(http.TimeFormat), ok: true},
		"far future":                   {value: "Fri, 31 Dec 2999 23:59:59 GMT", want: math.MaxInt64, ok: true},
		"negative":                     {value: "-5"},
		"sign":                         {value: "+5"},
		"fraction":                     {value: "1.5"},
		"list":                         {value: "3, 7"},
		"junk":                         {value: "junk"},
		"digits of another script":     {value: "٣"},
		"date that does not exist":     {value: "Fri, 31 Feb 2026 03:05:35 GMT"},
		"seconds with the Date header": {value: "4", date: skewed.Format(http.TimeFormat), want: 4 * time.Second, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			if test.value != "" {
				header.Set("Retry-After", test.value)
			}
			if test.date != "" {
				header.Set("Date", test.date)
			}
			got, ok := retryafter.Parse(header, now)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.ok, ok)
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, value := range []string{"", "0", "2", "-5", "1.5", "3, 7", "9223372037", "Fri, 02 Jan 2026 03:05:35 GMT", "Fri Jan  2 03:05:35 0001"} {
		f.Add(value, "")
		f.Add(value, "Fri, 31 Dec 9999 23:59:59 GMT")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		got, ok := retryafter.Parse(http.Header{"Retry-After": {value}, "Date": {date}}, now)
		assert.GreaterOrEqual(t, got, time.Duration(0))
		if !ok {
			assert.Zero(t, got)
		}
	})
}

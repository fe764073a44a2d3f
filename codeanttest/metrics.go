package codeanttest

import (
	"net/http"
	"time"
)

func rangeFields() []field   { return append(orgFields(), need("start_date"), need("end_date")) }
func authorFields() []field  { return append(rangeFields(), need("author")) }
func summaryFields() []field { return append(authorFields(), mayRaw("repositories")) }

// metric answers a metric in its documented shape, with nothing counted.
func metric(name string, rest func(in map[string]string) object) func(*Server, *call, map[string]string) answer {
	return func(_ *Server, _ *call, in map[string]string) answer {
		for _, day := range []string{"start_date", "end_date"} {
			if _, err := time.Parse(time.DateOnly, in[day]); err != nil {
				return refuse(http.StatusBadRequest, "field %q is not a date", day)
			}
		}
		body := object{"metric": name, "platform": in["platform"], "org": in["org"], "start_date": in["start_date"], "end_date": in["end_date"]}
		for key, value := range rest(in) {
			body[key] = value
		}
		return reply(http.StatusOK, body)
	}
}

func noActiveDevelopers(map[string]string) object {
	return object{"active_developers": []object{}, "total_count": 0}
}

func noPullRequests(map[string]string) object {
	return object{"developer_pr_data": []object{}, "total_count": 0}
}

func emptyComparison(in map[string]string) object {
	return object{"author": in["author"], "org_context": object{}, "developer": object{}}
}

func emptySummary(in map[string]string) object {
	return object{"author": in["author"], "summary": "nothing happened"}
}

package codeanttest

import (
	"net/http"
	"slices"
	"time"
)

var (
	rangeFields   = append([]field{need("start_date"), need("end_date")}, orgFields...)
	authorFields  = append([]field{need("author")}, rangeFields...)
	summaryFields = append([]field{mayRaw("repositories")}, authorFields...)
)

type object = map[string]any

// metric answers a metric in its documented shape, with nothing counted.
func metric(name string, rest func(in map[string]string) object) func(*Server, *call, map[string]string) answer {
	return func(_ *Server, _ *call, in map[string]string) answer {
		for _, day := range []string{"start_date", "end_date"} {
			if _, err := time.Parse(time.DateOnly, in[day]); err != nil {
				return refuse(http.StatusBadRequest, "field %q is no date", day)
			}
		}
		body := object{"metric": name, "platform": in["platform"], "org": in["org"], "start_date": in["start_date"], "end_date": in["end_date"]}
		for key, value := range rest(in) {
			body[key] = value
		}
		return reply(http.StatusOK, body)
	}
}

func metricsEndpoints() []endpoint {
	const base = "/api/metrics/developer/"
	nobody := func(key string) func(map[string]string) object {
		return func(map[string]string) object { return object{key: []object{}, "total_count": 0} }
	}
	return []endpoint{
		{"metrics.active_developers", base + "devs/active/get", rangeFields, metric("active_developers", nobody("active_developers"))},
		{"metrics.pull_requests", base + "prs/get", rangeFields, metric("developer_pr_data", nobody("developer_pr_data"))},
		{"metrics.comparison", base + "comparison/get", authorFields, metric("dev_comparison", func(in map[string]string) object {
			return object{"author": in["author"], "org_context": object{}, "developer": object{}}
		})},
		{"metrics.summary", base + "summary/get", summaryFields, metric("dev_summary", func(in map[string]string) object {
			return object{"author": in["author"], "summary": "nothing happened"}
		})},
	}
}

func teamEndpoints() []endpoint {
	const base = "/api/metrics/developer/teams/"
	return []endpoint{
		{"teams.list", base + "list", teamListFields, (*Server).listTeams},
		{"teams.get", base + "get", teamFields, (*Server).getTeam},
		{"teams.create", base + "create", teamCreateFields, (*Server).createTeam},
		{"teams.update", base + "update", teamUpdateFields, (*Server).updateTeam},
		{"teams.delete", base + "delete", teamDeleteFields, (*Server).deleteTeam},
		{"teams.members.add", base + "members/add", newMemberFields, (*Server).addMember},
		{"teams.members.remove", base + "members/remove", memberFields, (*Server).removeMember},
	}
}

// endpoints are all operations of the API.
func endpoints() []endpoint {
	return slices.Concat(coreEndpoints, teamEndpoints(), metricsEndpoints())
}

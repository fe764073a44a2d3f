package ci_test

import (
	"testing"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/ci"
)

var azure = vars{
	"TF_BUILD": "True", "BUILD_REPOSITORY_PROVIDER": "TfsGit", "BUILD_REPOSITORY_NAME": "web", "BUILD_SOURCEVERSION": head,
	"BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/My%20Project/_git/web", "BUILD_SOURCEBRANCH": "refs/heads/feature/x",
	"BUILD_SOURCEBRANCHNAME": "x", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/", "SYSTEM_PULLREQUEST_ISFORK": "False",
}

func onAzure(p codeant.Provider, repo, base, commit, branch string, more vars) ci.Build {
	sources := vars{
		"provider": "BUILD_REPOSITORY_URI", "repo": "BUILD_REPOSITORY_URI", "commit": "BUILD_SOURCEVERSION", "provider_url": "BUILD_REPOSITORY_URI",
	}
	if branch != "" {
		sources["branch"] = "BUILD_SOURCEBRANCH"
	}
	return ci.Build{
		System:   "Azure Pipelines",
		Revision: codeant.Revision{Provider: p, Repo: repo, Commit: commit, Branch: branch, ProviderURL: base},
		Sources:  sources.with(more),
	}
}

func TestAzure(t *testing.T) {
	t.Parallel()
	const dev, hub = "https://dev.azure.com", "https://github.com"
	pull := azure.with(vars{
		"BUILD_REASON": "PullRequest", "BUILD_SOURCEVERSION": merge, "BUILD_SOURCEBRANCH": "refs/pull/7/merge", "BUILD_SOURCEBRANCHNAME": "merge",
		"SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "SYSTEM_PULLREQUEST_SOURCECOMMITID": head,
		"SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature/x", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
	})
	hubPull := pull.with(vars{
		"BUILD_REPOSITORY_PROVIDER": "GitHub", "BUILD_REPOSITORY_NAME": "acme/shop", "BUILD_REPOSITORY_URI": "https://github.com/acme/shop",
		"SYSTEM_PULLREQUEST_PULLREQUESTID": "293753840", "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "7", "SYSTEM_PULLREQUEST_SOURCEBRANCH": "feature/x",
	})
	pr := vars{"commit": "SYSTEM_PULLREQUEST_SOURCECOMMITID", "branch": "SYSTEM_PULLREQUEST_SOURCEBRANCH"}
	runDetections(t, []detection{
		{
			name: "Azure Repos, spaces in the project",
			env:  azure,
			want: onAzure(codeant.AzureDevOps, "acme/My Project/web", dev, head, "feature/x", nil),
		},
		{
			name: "Azure Repos, project left out",
			env:  azure.with(vars{"BUILD_REPOSITORY_URI": "https://dev.azure.com/acme/_git/web"}),
			want: onAzure(codeant.AzureDevOps, "acme/web/web", dev, head, "feature/x", nil),
		},
		{
			name: "visualstudio.com",
			env: azure.with(vars{
				"BUILD_REPOSITORY_URI": "https://acme.visualstudio.com/DefaultCollection/Shop/_git/web", "SYSTEM_COLLECTIONURI": "https://acme.visualstudio.com/",
			}),
			want: onAzure(codeant.AzureDevOps, "acme/Shop/web", dev, head, "feature/x", nil),
		},
		{
			name: "visualstudio.com, project left out",
			env:  azure.with(vars{"BUILD_REPOSITORY_URI": "https://acme.visualstudio.com/_git/web"}),
			want: onAzure(codeant.AzureDevOps, "acme/web/web", dev, head, "feature/x", nil),
		},
		{
			name: "Azure DevOps Server",
			env: azure.with(vars{
				"BUILD_REPOSITORY_URI": "http://tfs.acme.example/tfs/DefaultCollection/Shop/_git/web", "SYSTEM_COLLECTIONURI": "http://tfs.acme.example/tfs/DefaultCollection/",
			}),
			want: onAzure(codeant.AzureDevOps, "DefaultCollection/Shop/web", "https://tfs.acme.example", head, "feature/x",
				vars{"provider": "BUILD_REPOSITORY_PROVIDER"}),
		},
		{
			name: "Azure DevOps Server, project left out",
			env: azure.with(vars{
				"BUILD_REPOSITORY_URI": "https://tfs.acme.example/tfs/DefaultCollection/_git/web", "SYSTEM_COLLECTIONURI": "$(System.CollectionUri)",
				"SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://tfs.acme.example/tfs/DefaultCollection/",
			}),
			want: onAzure(codeant.AzureDevOps, "DefaultCollection/web/web", "https://tfs.acme.example", head, "feature/x",
				vars{"provider": "BUILD_REPOSITORY_PROVIDER"}),
		},
		{
			name: "pull request of Azure Repos: BUILD_SOURCEVERSION is the merge commit",
			env:  pull,
			want: pulled(onAzure(codeant.AzureDevOps, "acme/My Project/web", dev, head, "feature/x", pr), "SYSTEM_PULLREQUEST_PULLREQUESTID", false),
		},
		{
			name: "pull request of GitHub: the id is not the number",
			env:  hubPull,
			want: pulled(onAzure(codeant.GitHub, "acme/shop", hub, head, "feature/x", pr), "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", false),
		},
		{
			name: "pull request of GitHub, undefined variables left as macros",
			env: hubPull.with(vars{
				"SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "$(System.PullRequest.PullRequestNumber)",
				"SYSTEM_PULLREQUEST_SOURCEBRANCH":      "$(System.PullRequest.SourceBranch)", "CODEANT_BRANCH": "$(Branch)",
			}),
			want: pulled(onAzure(codeant.GitHub, "acme/shop", hub, head, "", vars{"commit": "SYSTEM_PULLREQUEST_SOURCECOMMITID"}), "BUILD_SOURCEBRANCH", false),
		},
		{
			name: "pull request of GitHub from a fork",
			env:  hubPull.with(vars{"SYSTEM_PULLREQUEST_ISFORK": "True"}),
			want: pulled(onAzure(codeant.GitHub, "acme/shop", hub, head, "feature/x", pr), "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", true),
		},
		{
			name: "macros in place of the variables of a pull request on a push",
			env: azure.with(vars{
				"SYSTEM_PULLREQUEST_SOURCECOMMITID": "$(System.PullRequest.SourceCommitId)", "SYSTEM_PULLREQUEST_PULLREQUESTID": "$(System.PullRequest.PullRequestId)",
			}),
			want: onAzure(codeant.AzureDevOps, "acme/My Project/web", dev, head, "feature/x", nil),
		},
		{
			name: "tag",
			env:  azure.with(vars{"BUILD_SOURCEBRANCH": "refs/tags/v1.0.0", "BUILD_SOURCEBRANCHNAME": "v1.0.0"}),
			want: onAzure(codeant.AzureDevOps, "acme/My Project/web", dev, head, "", nil),
		},
		{
			name: "GitHub Enterprise Server",
			env: azure.with(vars{
				"BUILD_REPOSITORY_PROVIDER": "GitHubEnterprise", "BUILD_REPOSITORY_URI": "https://ghe.acme.example/acme/shop.git", "BUILD_SOURCEBRANCH": "refs/heads/main",
			}),
			want: onAzure(codeant.GitHub, "acme/shop", "https://ghe.acme.example", head, "main", vars{"provider": "BUILD_REPOSITORY_PROVIDER"}),
		},
		{
			name: "Bitbucket",
			env: azure.with(vars{
				"BUILD_REPOSITORY_PROVIDER": "Bitbucket", "BUILD_REPOSITORY_URI": "https://bitbucket.org/acme/shop.git", "BUILD_SOURCEBRANCH": "refs/heads/main",
			}),
			want: onAzure(codeant.Bitbucket, "acme/shop", "https://bitbucket.org", head, "main", nil),
		},
		{
			name: "any git server, known by its host",
			env: azure.with(vars{
				"BUILD_REPOSITORY_PROVIDER": "Git", "BUILD_REPOSITORY_URI": "https://oauth2:hunter22@gitlab.com/acme/backend/shop.git", "BUILD_SOURCEBRANCH": "main",
			}),
			want: onAzure(codeant.GitLab, "acme/backend/shop", "https://gitlab.com", head, "main", nil),
		},
	})
	const notIt = "ci: Azure Pipelines: SYSTEM_PULLREQUEST_SOURCECOMMITID is not set, and BUILD_SOURCEVERSION is a merge commit on a pull request; " +
		"set CODEANT_COMMIT to the hash of the pull request's head"
	runRefusals(t, []refusal{
		{name: "pull request without its head", env: pull.with(vars{"SYSTEM_PULLREQUEST_SOURCECOMMITID": ""}), want: notIt},
		{name: "build of a pull request's ref by hand", env: azure.with(vars{"BUILD_SOURCEBRANCH": "refs/pull/7/merge"}), want: notIt},
		{
			name: "not git",
			env:  azure.with(vars{"BUILD_REPOSITORY_PROVIDER": "TfsVersionControl", "BUILD_REPOSITORY_URI": "https://dev.azure.com/acme/", "BUILD_SOURCEVERSION": "C123"}),
			want: `ci: Azure Pipelines: BUILD_REPOSITORY_PROVIDER is "TfsVersionControl", which is not git; ` +
				`for a mirror in git set CODEANT_PROVIDER, CODEANT_REPO and CODEANT_COMMIT`,
		},
		{
			name: "git server that nothing tells",
			env:  azure.with(vars{"BUILD_REPOSITORY_PROVIDER": "Git", "BUILD_REPOSITORY_URI": "https://ada:hunter22@git.acme.example/acme/shop.git"}),
			want: "ci: Azure Pipelines: BUILD_REPOSITORY_URI is at git.acme.example, which may be any provider's; " +
				"set CODEANT_PROVIDER=github, gitlab, bitbucket or azuredevops",
		},
		{
			name: "address without a repository",
			env:  azure.with(vars{"BUILD_REPOSITORY_URI": "https://dev.azure.com/acme/Shop"}),
			want: "ci: Azure Pipelines: BUILD_REPOSITORY_URI has a path that is not a repository's on azuredevops; set CODEANT_REPO=owner/repository",
		},
		{
			name: "nothing set",
			env:  vars{"TF_BUILD": "True"},
			want: "ci: Azure Pipelines: BUILD_REPOSITORY_URI is not set; set CODEANT_PROVIDER and CODEANT_REPO" +
				"; and BUILD_SOURCEVERSION is not set; set CODEANT_COMMIT=$(git rev-parse HEAD)",
		},
	})
}

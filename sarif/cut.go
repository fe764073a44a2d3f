package sarif

import (
	"fmt"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// maxResults is the number of results of one run above which GitHub refuses the document.
const maxResults = 25_000

func cutNotice(found int) *sarif.Invocation {
	text := fmt.Sprintf("This document has the %d most severe of %d findings, because GitHub code scanning takes no more; %d are left out.",
		maxResults, found, found-maxResults)
	return sarif.NewInvocation().
		WithExecutionSuccessful(true).
		AddToolExecutionNotification(sarif.NewNotification().WithLevel(sarif.LevelWarning).WithMessage(sarif.NewTextMessage(text)))
}

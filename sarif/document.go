package sarif

// These are the parts of SARIF 2.1.0 that a document uses. An absent member means its default, so empty members are
// omitted.
type (
	tool struct {
		Driver driver `json:"driver"`
	}
	driver struct {
		Name            string       `json:"name"`
		InformationURI  string       `json:"informationUri"`
		SemanticVersion string       `json:"semanticVersion"`
		Rules           []descriptor `json:"rules,omitempty"`
	}
	descriptor struct {
		ID               string          `json:"id"`
		ShortDescription text            `json:"shortDescription"`
		FullDescription  text            `json:"fullDescription"`
		Help             text            `json:"help"`
		Configuration    configuration   `json:"defaultConfiguration"`
		Properties       *ruleProperties `json:"properties,omitempty"`
	}
	configuration struct {
		Level string `json:"level"`
	}
	ruleProperties struct {
		SecuritySeverity string   `json:"security-severity,omitempty"`
		Tags             []string `json:"tags,omitempty"`
	}
	text struct {
		Text string `json:"text"`
	}

	invocation struct {
		ExecutionSuccessful bool           `json:"executionSuccessful"`
		Notifications       []notification `json:"toolExecutionNotifications"`
	}
	notification struct {
		Level   string `json:"level"`
		Message text   `json:"message"`
	}

	baseID struct {
		Description text `json:"description"`
	}
	provenance struct {
		RepositoryURI string           `json:"repositoryUri"`
		RevisionID    string           `json:"revisionId"`
		Branch        string           `json:"branch,omitempty"`
		MappedTo      artifactLocation `json:"mappedTo"`
	}

	result struct {
		RuleID       string           `json:"ruleId"`
		RuleIndex    int              `json:"ruleIndex"`
		Level        string           `json:"level"`
		Message      text             `json:"message"`
		Locations    [1]location      `json:"locations"` // GitHub refuses a document if a result has no location
		Fingerprints fingerprints     `json:"partialFingerprints"`
		Suppressions []suppression    `json:"suppressions,omitempty"`
		Properties   resultProperties `json:"properties"`
	}
	location struct {
		Physical physicalLocation `json:"physicalLocation"`
	}
	physicalLocation struct {
		Artifact artifactLocation `json:"artifactLocation"`
		Region   *region          `json:"region,omitempty"`
	}
	artifactLocation struct {
		URI       string `json:"uri,omitempty"`
		URIBaseID string `json:"uriBaseId,omitempty"`
	}
	region struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
	}
	fingerprints struct {
		// GitHub reads only this key. CodeQL puts a hash of the line there, hence the name.
		LineHash string `json:"primaryLocationLineHash"`
		CodeAnt  string `json:"codeantFingerprint/v1"`
	}
	suppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	// resultProperties has what SARIF has no member for.
	resultProperties struct {
		Severity string       `json:"severity"`
		Path     string       `json:"path,omitempty"` // set only if the path is not a file of the repository
		CWE      []string     `json:"cwe,omitempty"`
		CVE      []string     `json:"cve,omitempty"`
		Package  *packageInfo `json:"package,omitempty"`
	}
	packageInfo struct {
		Name      string `json:"name,omitempty"`
		Version   string `json:"version,omitempty"`
		Ecosystem string `json:"ecosystem,omitempty"`
		License   string `json:"license,omitempty"`
		FixedIn   string `json:"fixedIn,omitempty"`
	}
)

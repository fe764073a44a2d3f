package docs

// This module must require whatever the Go blocks of the pages import.
import (
	_ "github.com/stretchr/testify/assert"
	_ "github.com/stretchr/testify/require"

	_ "github.com/codeant-sdk/codeant"
	_ "github.com/codeant-sdk/codeant/ci"
	_ "github.com/codeant-sdk/codeant/codeanttest"
	_ "github.com/codeant-sdk/codeant/gocover"
	_ "github.com/codeant-sdk/codeant/sarif"
)

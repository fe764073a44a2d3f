package docs

// What the Go of the pages imports has to be among the requirements of this module.
import (
	_ "github.com/stretchr/testify/assert"
	_ "github.com/stretchr/testify/require"

	_ "github.com/codeant-sdk/codeant"
	_ "github.com/codeant-sdk/codeant/ci"
	_ "github.com/codeant-sdk/codeant/codeanttest"
	_ "github.com/codeant-sdk/codeant/gocover"
	_ "github.com/codeant-sdk/codeant/sarif"
)

//go:build !unix

package openfile

import (
	"context"
	"io"
	"os"
)

func open(path string) (*os.File, error) { return os.Open(path) }

func (f *File) waiting(ctx context.Context) io.Reader { return Reader(ctx, f.File) }

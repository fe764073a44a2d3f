package openfile

import (
	"errors"
	"io"
	"io/fs"
)

// Regular opens a regular file and returns an error for any other, for callers without a context that could end the wait for
// a FIFO or a device.
func Regular(path string) (*File, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	if mode := f.Info.Mode(); !mode.IsRegular() {
		f.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("it is " + Kind(mode) + ", not a regular file")}
	}
	return f, nil
}

// ReadRegular reads at most limit bytes of a regular file. To detect a file that is too large, use a limit of one byte more
// than is allowed.
func ReadRegular(path string, limit int64) ([]byte, error) {
	f, err := Regular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

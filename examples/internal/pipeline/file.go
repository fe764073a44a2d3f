package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/openfile"
)

// WriteFile writes the file of a flag, without the token in case a server repeated it.
func (p *Program) WriteFile(flag, name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	err := write(&b)
	if err == nil {
		err = writeFile(name, []byte(p.say.mask(b.String())))
	}
	if err != nil {
		return usageError{fmt.Errorf("the file of %s cannot be written: %w", flag, err)}
	}
	return nil
}

// WriteFile does the same for programs that do not use Program. The content must not hold the token.
func WriteFile(name string, content []byte) error { return writeFile(name, content) }

// writeFile replaces a regular file whole or not at all; it follows links and keeps the file's mode. Files that are not
// regular are written to and never replaced.
func writeFile(name string, content []byte) error {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return &fs.PathError{Op: "write", Path: name, Err: openfile.ErrDirectory}
	case err == nil && (!info.Mode().IsRegular() || isDescriptor(name)):
		return writeInto(name, content)
	case err == nil || isLink(name):
		// A link to a file that does not exist yet is followed too.
		if name, err = followed(name); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return replace(name, info, content)
}

// isDescriptor reports whether a name is that of an open file of this process, such as /dev/stdout. Such a file must
// not be replaced, because later output would go to the old one.
func isDescriptor(name string) bool {
	name = filepath.ToSlash(filepath.Clean(name))
	return strings.HasPrefix(name, "/dev/") || strings.HasPrefix(name, "/proc/")
}

func isLink(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// followed returns the file that a link points to, whether it exists or not.
func followed(name string) (string, error) {
	for range 40 {
		if !isLink(name) {
			return name, nil
		}
		target, err := os.Readlink(name)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(name), target)
		}
		name = target
	}
	return "", &fs.PathError{Op: "write", Path: name, Err: errors.New("too many links")}
}

// replace creates a regular file or replaces it. info is that of the old file, or nil.
func replace(name string, info fs.FileInfo, content []byte) error {
	temporary := filepath.Join(filepath.Dir(name), fmt.Sprintf(".codeant-%016x", rand.Uint64()))
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) // less the umask
	if err != nil {
		return &fs.PathError{Op: "write", Path: name, Err: errors.Unwrap(err)}
	}
	defer os.Remove(temporary) // already renamed on success
	if info != nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if err == nil {
		_, err = f.Write(content)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}

// patience is how long a pipe may take to be read.
const patience = 10 * time.Second

// writeInto writes to a device or a pipe. It does not wait if nobody reads the pipe.
func writeInto(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|nonblocking, 0)
	if err != nil {
		return err
	}
	// Some files have no deadlines; writing to those does not block.
	_ = f.SetWriteDeadline(time.Now().Add(patience))
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

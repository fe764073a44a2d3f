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

// WriteFile writes what a flag asks for, without the token if a server repeated it.
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

// WriteFile does the same for programs that are not a Program; the content holds no token.
func WriteFile(name string, content []byte) error { return writeFile(name, content) }

// writeFile writes a regular file whole or not at all, through links, and leaves its mode as it was. What is not a regular
// file is written to and never replaced.
func writeFile(name string, content []byte) error {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return &fs.PathError{Op: "write", Path: name, Err: openfile.ErrDirectory}
	case err == nil && (!info.Mode().IsRegular() || isDescriptor(name)):
		return writeInto(name, content)
	case err == nil || isLink(name):
		// A link that leads nowhere yet is written through as well.
		if name, err = followed(name); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return replace(name, info, content)
}

// isDescriptor reports whether a name is that of an open file of this process, such as /dev/stdout: a file put in its place
// would not get what is written to it later.
func isDescriptor(name string) bool {
	name = filepath.ToSlash(filepath.Clean(name))
	return strings.HasPrefix(name, "/dev/") || strings.HasPrefix(name, "/proc/")
}

func isLink(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// followed returns the file that a link leads to, whether it is there or not.
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

// replace puts a new file in the place of a regular one, or where there is none. info is that of the old file, or nil.
func replace(name string, info fs.FileInfo, content []byte) error {
	temporary := filepath.Join(filepath.Dir(name), fmt.Sprintf(".codeant-%016x", rand.Uint64()))
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) // less the umask
	if err != nil {
		return &fs.PathError{Op: "write", Path: name, Err: errors.Unwrap(err)}
	}
	defer os.Remove(temporary) // gone already where all went well
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

// writeInto writes to a device or a pipe. It does not wait for a reader that there is not.
func writeInto(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|nonblocking, 0)
	if err != nil {
		return err
	}
	// Not every kind of file has deadlines; those without do not wait for anyone.
	_ = f.SetWriteDeadline(time.Now().Add(patience))
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

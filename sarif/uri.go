package sarif

import (
	"path"
	"strings"
)

// relativeURI is the path as a URI relative to the root of the repository, percent-encoded byte by byte. A leading slash
// is taken for the repository's root, as scanners write it. It is false for a path that names no file of the repository:
// none at all, the root itself, one that leaves the root, one of a Windows drive, or one with a NUL. To make one of
// these fit would point at a file that may be another.
func relativeURI(name string) (string, bool) {
	if strings.TrimSpace(name) == "" || strings.ContainsRune(name, 0) {
		return "", false
	}
	name = strings.ReplaceAll(name, `\`, "/")
	if hasDrive(name) {
		return "", false
	}
	name = path.Clean(strings.TrimLeft(name, "/"))
	if name == "." || name == ".." || strings.HasPrefix(name, "../") {
		return "", false
	}
	return escapePath(name), true
}

func hasDrive(name string) bool {
	return len(name) >= 3 && name[1] == ':' && name[2] == '/' && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z'
}

// escapePath encodes all but the characters that RFC 3986 allows in a path, and the colon, which in the first segment
// would end a scheme.
func escapePath(name string) string {
	const plain = "/-._~!$&'()*+,;=@"
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(plain, c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

package sarif

import "strings"

// escapePath encodes a relative path as a URI, byte by byte. It escapes the characters that RFC 3986 does not allow in
// a path, and the colon, which in the first segment would end a scheme.
func escapePath(name string) string {
	const plain = "/-._~!$&'()*+,;=@"
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(name))
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

// literal escapes what SARIF would interpret as a placeholder or a link in the text of a message (SARIF 2.1.0, 3.11.5
// and 3.11.6).
var literal = strings.NewReplacer("{", "{{", "}", "}}", "[", `\[`, "]", `\]`)

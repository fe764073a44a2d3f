package codeanttest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	opCoveragePut = "coverage.put"
	amzDate       = "20060102T150405Z"
	urlLife       = 15 * time.Minute
)

func (s *Server) presignedURL(path string, now time.Time) string {
	now = now.UTC()
	query := url.Values{
		"X-Amz-Algorithm":     {"AWS4-HMAC-SHA256"},
		"X-Amz-Credential":    {"CODEANTTEST/" + now.Format("20060102") + "/us-east-1/s3/aws4_request"},
		"X-Amz-Date":          {now.Format(amzDate)},
		"X-Amz-Expires":       {fmt.Sprint(int(urlLife / time.Second))},
		"X-Amz-SignedHeaders": {"content-type;host"},
	}
	u, _ := url.Parse(s.storageURL) // made by this package
	u.Path = path
	query.Set("X-Amz-Signature", s.sign(u.Host, path, query))
	u.RawQuery = query.Encode()
	return u.String()
}

// sign is not Amazon's algorithm, but it covers the same: method, host, path, query and content type.
func (s *Server) sign(host, path string, query url.Values) string {
	mac := hmac.New(sha256.New, s.signingKey)
	fmt.Fprintf(mac, "PUT\n%s\n%s\n%s\napplication/xml", host, path, query.Encode())
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *Server) routeStorage(*call) (string, handler) { return opCoveragePut, ours(s.put) }

// put checks as S3 does, and reads the body only when all is well.
func (s *Server) put(c *call) answer {
	if refusal := s.checkPut(c); refusal != nil {
		return *refusal
	}
	if c.read() != nil {
		panic(http.ErrAbortHandler) // the client has gone, or sent less than it said
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	up := s.coverage.objects[c.URL.Path]
	if up == nil {
		return c.refuseXML(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	if up.Bytes == 0 { // checkPut refuses an empty report, so this is the first
		s.coverage.stored = append(s.coverage.stored, up)
	}
	up.Bytes, up.Content, up.Completed = c.size, c.body, false
	return answer{status: http.StatusOK}
}

func (s *Server) checkPut(c *call) *answer {
	refuse := func(status int, code, message string) *answer {
		a := c.refuseXML(status, code, message)
		return &a
	}
	if c.Method != http.MethodPut {
		a := refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		a.header = http.Header{"Allow": {http.MethodPut}}
		return a
	}
	if c.ContentLength < 0 {
		return refuse(http.StatusNotImplemented, "NotImplemented",
			"A header you provided implies functionality that is not implemented")
	}
	for name := range c.Header {
		if name == "Authorization" || strings.HasPrefix(name, "X-Amz-") {
			return refuse(http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed")
		}
	}
	query := c.URL.Query()
	got := query.Get("X-Amz-Signature")
	query.Del("X-Amz-Signature")
	want := s.sign(c.Host, c.URL.Path, query)
	if !hmac.Equal([]byte(got), []byte(want)) || c.Header.Get("Content-Type") != "application/xml" {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided.")
	}
	signed, err := time.Parse(amzDate, query.Get("X-Amz-Date"))
	if err != nil || time.Now().After(signed.Add(urlLife)) {
		return refuse(http.StatusForbidden, "AccessDenied", "Request has expired")
	}
	if c.ContentLength == 0 {
		return refuse(http.StatusBadRequest, "InvalidRequest", "The report is empty")
	}
	return nil
}

func (c *call) refuseXML(status int, code, message string) answer {
	body, _ := xml.Marshal(struct { // strings always encode
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}{Code: code, Message: message, RequestID: c.id})
	return answer{status: status, body: append([]byte(xml.Header), body...)}
}

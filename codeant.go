package codeant

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/origin"
	"github.com/codeant-sdk/codeant/internal/storage"
)

// The version of this package, and the defaults of New.
const (
	Version        = "0.1.0"                  // in the User-Agent header
	DefaultBaseURL = "https://api.codeant.ai" // the address of the API
	TokenEnv       = "CODEANT_API_TOKEN"      // the environment variable for the token
	BaseURLEnv     = "CODEANT_API_URL"        // the environment variable for another base URL
)

// Client calls CodeAnt with one token. It and its services are safe for concurrent use by multiple goroutines. Create one
// with New and reuse it, because it holds the connections. Clients for different tokens share connections if they are given
// the same http.Client with WithHTTPClient.
type Client struct {
	Tokens   *TokensService
	Coverage *CoverageService
	Scans    *ScansService
	Gates    *GatesService
	Agents   *AgentsService
	Teams    *TeamsService
	Metrics  *MetricsService
	Account  *AccountService

	api        *http.Client    // middleware, then authTransport, then the transport
	close      func()          // closes the transport's idle connections
	storage    *storage.Client // never sees a token
	base       *url.URL
	source     TokenSource
	retrier    *retrier
	log        *slog.Logger // nil: none
	observers  []func(context.Context, Attempt)
	userAgent  string
	insecure   bool
	gatePolicy gatePolicy
	timeout    time.Duration
	maxBody    int64
}

// Option configures New. The order of options does not matter, except that of WithMiddleware. If an option is given twice,
// the last one wins; WithMiddleware and WithObserver add up.
type Option func(*config)

type config struct {
	token      *string
	source     *TokenSource
	baseURL    *string
	insecure   bool
	http       **http.Client
	product    *string
	log        *slog.Logger
	timeout    time.Duration
	retry      RetryPolicy
	maxBody    int64
	gatePolicy GatePolicy
	middleware []func(http.RoundTripper) http.RoundTripper
	observers  []func(context.Context, Attempt)
	errs       []error
}

func (c *config) fail(err error) { c.errs = append(c.errs, err) }

// WithToken sets the token, which New checks. It takes precedence over WithTokenSource.
func WithToken(token string) Option { return func(c *config) { c.token = &token } }

// WithTokenSource sets a source that is asked for the token before each attempt, for tokens that change while the program
// runs.
func WithTokenSource(src TokenSource) Option { return func(c *config) { c.source = &src } }

// WithBaseURL sets the address of the API: an https URL, or an http URL of this machine. It may have a path. Default: the
// value of the environment variable CODEANT_API_URL if it is set, else DefaultBaseURL.
func WithBaseURL(rawURL string) Option { return func(c *config) { c.baseURL = &rawURL } }

// WithInsecureHTTP allows plain http to any host, for the base URL and for storage URLs. Anyone on the network path can
// then read the token.
func WithInsecureHTTP() Option { return func(c *config) { c.insecure = true } }

// WithHTTPClient uses the transport of hc for the API and the storage. The limits on dialing, TLS, headers and connections
// are then those of that transport: start from DefaultTransport to keep this package's own. hc is copied and never changed.
// Its Timeout and Jar apply to API calls only; its CheckRedirect is ignored, because redirects are never followed.
//
// The transport sees the token in API requests and the signature in storage URLs. To observe requests without them, use
// WithMiddleware.
func WithHTTPClient(hc *http.Client) Option { return func(c *config) { c.http = &hc } }

// WithUserAgent prepends a product, such as "mytool/1.2", to the User-Agent header.
func WithUserAgent(product string) Option { return func(c *config) { c.product = &product } }

// WithMiddleware wraps the transport of API requests, for tracing, metrics or headers of your own. The first function
// given becomes the outermost; repeated options add up. Middleware sees each request before the token is added to its
// header or body, and sees the answer; OperationName returns the request's operation. It does not see requests to the
// storage, nor a request that is sent again within an attempt because its connection was already closed.
func WithMiddleware(wrap ...func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) { c.middleware = append(c.middleware, wrap...) }
}

// WithObserver calls f after every attempt of a call or an upload, with the caller's context. f is called synchronously,
// and never concurrently for one request, but several requests may call it at once: it must be fast and safe for
// concurrent use. Repeated options add up. A panic in f is not recovered.
func WithObserver(f func(context.Context, Attempt)) Option {
	return func(c *config) {
		if f != nil {
			c.observers = append(c.observers, f)
		}
	}
}

// WithLogger logs each attempt: at debug level, or at warning level if it will be retried. A record has the operation,
// method, path, status, request ID, duration, pause and error, never a token, a body or a query. Default: nil, no log.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.log = l } }

// WithAttemptTimeout limits each attempt of an API call. It does not limit a wait or an upload to the storage. Default
// 30 s.
func WithAttemptTimeout(d time.Duration) Option { return func(c *config) { c.timeout = d } }

// WithRetry sets how failed attempts are retried.
func WithRetry(p RetryPolicy) Option { return func(c *config) { c.retry = p } }

// WithMaxResponseSize limits the body of an answer, in bytes after decompression. A larger one is ErrTooLarge. Default
// 64 MiB.
func WithMaxResponseSize(bytes int64) Option { return func(c *config) { c.maxBody = bytes } }

// WithGatePolicy sets which answers of the quality gates count as passed. FAILED always counts as failed; New refuses a
// policy that lists it as passing.
func WithGatePolicy(p GatePolicy) Option { return func(c *config) { c.gatePolicy = p } }

// New returns a new client. It does no I/O. The token comes from WithToken or WithTokenSource, else from the environment
// variable CODEANT_API_TOKEN, which New reads once. One error lists everything that is wrong with the options; it matches
// ErrMissingToken, ErrInvalidToken and ErrInvalidRequest as they apply.
func New(opts ...Option) (*Client, error) {
	cfg := config{timeout: defaultCallTimeout, maxBody: defaultMaxResponse}
	for _, opt := range opts {
		if opt != nil {
			opt(&cfg)
		}
	}
	c := &Client{
		insecure:  cfg.insecure,
		base:      cfg.parseBaseURL(),
		source:    cfg.tokenSource(),
		log:       cfg.log,
		userAgent: cfg.userAgent(),
		timeout:   cfg.timeout,
		maxBody:   cfg.maxBody,
	}
	hc := cfg.httpClient()
	cfg.checkBounds()
	gates, err := newGatePolicy(cfg.gatePolicy)
	cfg.fail(err)
	policy, err := cfg.retry.withDefaults()
	cfg.fail(err)
	if err := join(cfg.errs...); err != nil {
		return nil, err
	}
	c.gatePolicy = gates
	c.retrier = &retrier{policy: policy, budget: newBudget(), jitter: 1}
	c.observers = cfg.observers
	if err := c.connect(hc, cfg.middleware); err != nil {
		return nil, err
	}
	c.Tokens = &TokensService{c}
	c.Coverage = &CoverageService{c}
	c.Scans = &ScansService{c}
	c.Gates = &GatesService{c}
	c.Agents = &AgentsService{c}
	c.Teams = &TeamsService{c}
	c.Metrics = &MetricsService{c}
	c.Account = &AccountService{c}
	return c, nil
}

// clientOf returns the client of a service, or nil if the service is nil or zero, so that its methods return an error
// instead of panicking.
func clientOf[S ~struct{ client *Client }](service *S) *Client {
	if service == nil {
		return nil
	}
	return struct{ client *Client }(*service).client
}

// connect builds the chain of transports: the caller's middleware around authTransport around the transport.
func (c *Client) connect(hc *http.Client, middleware []func(http.RoundTripper) http.RoundTripper) error {
	api := http.Client{Transport: DefaultTransport()}
	if hc != nil {
		api = *hc
	}
	if api.Transport == nil {
		api.Transport = http.DefaultTransport
	}
	c.storage, c.close = storage.New(api.Transport, c.userAgent), api.CloseIdleConnections
	api.Transport = &authTransport{next: api.Transport, origin: c.base}
	for _, wrap := range slices.Backward(middleware) {
		if wrap != nil {
			api.Transport = wrap(api.Transport)
		}
		if wrap == nil || api.Transport == nil {
			return invalid("middleware", "", "is nil or returned nil", "return a RoundTripper that calls the one it was given")
		}
	}
	api.CheckRedirect = neverFollow
	c.api = &api
	return nil
}

// CloseIdleConnections closes the connections that are not in use, including those of other clients with the same
// transport.
func (c *Client) CloseIdleConnections() {
	if c != nil && c.close != nil {
		c.close()
	}
}

func (c *config) tokenSource() TokenSource {
	switch {
	case c.token != nil || c.source == nil:
	case isNil(*c.source):
		c.fail(invalid("token source", "", "is nil", "use StaticToken, EnvToken, FileToken or your own"))
		return nil
	default:
		return *c.source
	}
	value, from := os.Getenv(TokenEnv), " (from the environment variable "+TokenEnv+")"
	if c.token != nil {
		value, from = *c.token, ""
	} else if strings.TrimSpace(value) == "" {
		c.fail(missingToken("set the environment variable " + TokenEnv + " or use WithToken; " +
			"create a token in CodeAnt under Settings -> API tokens"))
		return nil
	}
	token, err := ParseToken(value)
	if err != nil {
		c.fail(fmt.Errorf("%w%s", err, from))
		return nil
	}
	return StaticToken(token)
}

func (c *config) parseBaseURL() *url.URL {
	const hint = "use an address such as " + DefaultBaseURL
	raw, field := DefaultBaseURL, "base URL"
	if c.baseURL != nil {
		raw = *c.baseURL
	} else if env := strings.TrimSpace(os.Getenv(BaseURLEnv)); env != "" {
		raw, field = env, "base URL (from the environment variable "+BaseURLEnv+")"
	}
	if raw == "" {
		c.fail(invalid(field, "", "is empty", hint))
		return nil
	}
	u, err := origin.Parse(raw)
	if err != nil {
		c.fail(invalid(field, raw, "is unusable: "+err.Error(), hint))
		return nil
	}
	if u.RawQuery != "" || u.ForceQuery {
		c.fail(invalid(field, raw, "has a query", hint))
		return nil
	}
	if err := origin.Secure(u); err != nil && !c.insecure {
		c.fail(invalid(field, raw, "is unusable: "+err.Error(), "or use WithInsecureHTTP on purpose"))
		return nil
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u
}

func (c *config) httpClient() *http.Client {
	if c.http == nil {
		return nil
	}
	if *c.http == nil {
		c.fail(invalid("HTTP client", "", "is nil", "omit WithHTTPClient to use the default"))
	}
	return *c.http
}

func (c *config) userAgent() string {
	const hint = `use a product such as "mytool/1.2"`
	own := fmt.Sprintf("codeant-go/%s (%s; %s/%s)", Version, goVersion(), runtime.GOOS, runtime.GOARCH)
	switch {
	case c.product == nil:
		return own
	case strings.TrimSpace(*c.product) == "":
		c.fail(invalid("user agent", "", "is empty", hint))
	case strings.ContainsFunc(*c.product, func(r rune) bool { return r < ' ' || r > '~' }) || len(*c.product) > 256:
		c.fail(invalid("user agent", *c.product, "cannot be sent in a header", hint))
	}
	return *c.product + " " + own
}

func (c *config) checkBounds() {
	if c.timeout <= 0 {
		c.fail(invalid("timeout", c.timeout.String(), "is not positive", "give the time for one attempt, such as 30s"))
	}
	if c.maxBody <= 0 {
		c.fail(invalid("maximum response size", fmt.Sprint(c.maxBody), "is not positive", "give a number of bytes"))
	}
}

// isNil reports whether a source is nil, or an interface that holds a nil pointer or func.
func isNil(source TokenSource) bool {
	v := reflect.ValueOf(source)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map:
		return v.IsNil()
	}
	return false
}

// goVersion is "go1.25.3" even where the toolchain calls itself "go1.25.3 X:experiment" or "devel …".
func goVersion() string {
	version, _, _ := strings.Cut(runtime.Version(), " ")
	return version
}

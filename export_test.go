package codeant

// DeclaredOperation is what a test outside of the package needs to know of an operation.
type DeclaredOperation struct {
	Variable, Name, Path string
	Idempotent           bool
}

// DeclaredOperations returns every operation that is declared: the page of the API, which leaves none out, lists them.
func DeclaredOperations() []DeclaredOperation {
	all := make([]DeclaredOperation, 0, len(documentedEndpoints))
	for _, e := range documentedEndpoints {
		all = append(all, DeclaredOperation{e.variable, e.op.name, e.op.path, e.op.idempotent})
	}
	return all
}

// PinJitter lets every computed pause be half its bound, which is otherwise the mean of a random one.
func (c *Client) PinJitter() { c.retrier.jitter = 0 }

// SetBudget sets what is left of the budget, in tenths of a retry.
func (c *Client) SetBudget(tenths int) { c.retrier.budget.left = tenths }

// Budget returns what is left of the budget, in tenths of a retry.
func (c *Client) Budget() int { return c.retrier.budget.left }

// ErrBudget is in the chain of an error that the budget kept from being repeated.
var ErrBudget = errBudget

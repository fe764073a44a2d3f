// Package codeanttest is a CodeAnt server for tests and demonstrations. It has an API and a storage on two origins,
// checks what it is sent more strictly than a real server would, keeps a record of it, and fails on demand.
//
//	func TestUpload(t *testing.T) {
//		server := codeanttest.NewServer(t)
//		server.Inject("coverage.put", codeanttest.Fault{Status: http.StatusServiceUnavailable})
//		client, err := server.Client()
//		…
//	}
//
// With InMemory it uses no sockets and runs inside a bubble of package testing/synctest, where time is virtual. Make
// the server and its clients inside the bubble.
package codeanttest

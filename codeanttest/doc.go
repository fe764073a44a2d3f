// Package codeanttest is a CodeAnt server for tests and demonstrations. Its API and its storage have two origins. It
// checks requests more strictly than the real service does, records them, and fails on demand.
//
//	func TestUpload(t *testing.T) {
//		server := codeanttest.NewServer(t)
//		server.Inject("coverage.put", codeanttest.Fault{Status: http.StatusServiceUnavailable})
//		client, err := server.Client()
//		…
//	}
//
// With InMemory it uses no sockets and runs inside a bubble of package testing/synctest, where time is virtual. Create
// the server and its clients inside the bubble.
package codeanttest

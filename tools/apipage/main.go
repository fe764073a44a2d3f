// Command apipage writes docs/api.md from the source of package codeant: the declarations of the operations, and the
// paragraph "Evidence: …" that ends the comment of each method with an endpoint. Run it with go generate.
package main

import (
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	root := ".." // the tools module is a folder of the repository
	page, err := generate(root)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "docs", "api.md"), page, 0o644); err != nil {
		log.Fatal(err)
	}
}

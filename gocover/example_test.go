package gocover_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/codeant-sdk/codeant/gocover"
)

func ExampleCobertura() {
	profile := strings.NewReader("mode: set\nexample.com/shop/cart.go:3.20,3.40 1 1\n")
	if err := gocover.Cobertura(os.Stdout, profile, "example.com/shop", ""); err != nil {
		fmt.Println(err)
	}
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
	// <coverage line-rate="1" branch-rate="0" complexity="0" lines-covered="1" lines-valid="1" branches-covered="0" branches-valid="0" version="gocover" timestamp="0">
	//   <sources>
	//     <source>.</source>
	//   </sources>
	//   <packages>
	//     <package name="." line-rate="1" branch-rate="0" complexity="0">
	//       <classes>
	//         <class name="cart.go" filename="cart.go" line-rate="1" branch-rate="0" complexity="0">
	//           <methods></methods>
	//           <lines>
	//             <line number="3" hits="1"></line>
	//           </lines>
	//         </class>
	//       </classes>
	//     </package>
	//   </packages>
	// </coverage>
}

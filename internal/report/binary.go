package report

import "bytes"

// magics lists the first bytes of files that are uploaded by mistake.
var magics = []struct {
	magic   string
	refusal Refusal
}{
	{"\x1F\x8B", Refusal{"it is a gzip archive", adviseUnpack}},
	{"PK\x03\x04", Refusal{"it is a zip archive", adviseUnpack}},
	{"PK\x05\x06", Refusal{"it is an empty zip archive", adviseReport}},
	{"\x28\xB5\x2F\xFD", Refusal{"it is a zstd archive", adviseUnpack}},
	{"\xFD7zXZ\x00", Refusal{"it is an xz archive", adviseUnpack}},
	{"7z\xBC\xAF\x27\x1C", Refusal{"it is a 7-Zip archive", adviseUnpack}},
	{"SQLite format 3\x00", Refusal{
		"it is an SQLite database, as the .coverage file of coverage.py is",
		"run \"coverage xml\" and upload the coverage.xml that it writes",
	}},
	{"\x01\xC0\xC0", Refusal{
		"it is JaCoCo's binary execution data (jacoco.exec)",
		"run the JaCoCo report task and upload the jacoco.xml that it writes",
	}},
	{"\x00cvm", Refusal{
		"it is Go's binary coverage meta-data (GOCOVERDIR)",
		"run \"go tool covdata textfmt\" on the directory and convert the profile with gocover.Cobertura",
	}},
	{"\x00cwm", Refusal{
		"it is Go's binary coverage counters (GOCOVERDIR)",
		"run \"go tool covdata textfmt\" on the directory and convert the profile with gocover.Cobertura",
	}},
	{"adcg", Refusal{"it is gcov's binary data (.gcda)", "run gcovr or lcov and upload the report that it writes"}},
	{"oncg", Refusal{"it is gcov's binary notes (.gcno)", "run gcovr or lcov and upload the report that it writes"}},
	{"\x81rforpl\xFF", Refusal{"it is LLVM's raw profile (.profraw)", adviseLLVM}},
	{"\xFFlprofi\x81", Refusal{"it is LLVM's indexed profile (.profdata)", adviseLLVM}},
	{"\x7FELF", Refusal{"it is an executable program", adviseReport}},
	{"MZ", Refusal{"it is an executable program", adviseReport}},
	{"\xCF\xFA\xED\xFE", Refusal{"it is an executable program", adviseReport}},
	{"\xCA\xFE\xBA\xBE", Refusal{"it is a Java class or an executable program", adviseReport}},
	{"%PDF-", Refusal{"it is a PDF document", adviseReport}},
	{"\xFF\xFE", refuseUTF16},
	{"\xFE\xFF", refuseUTF16},
	{"<\x00", refuseUTF16},
	{"{\x00", refuseUTF16},
	{"\x00<", refuseUTF16},
	{"\x00{", refuseUTF16},
}

const adviseLLVM = "run \"llvm-cov export -format=lcov\" and upload what it writes"

var refuseUTF16 = Refusal{"it is UTF-16 text", "save it as UTF-8 (\">\" of Windows PowerShell writes UTF-16)"}

// refuseBinary returns nil for text in UTF-8 or in a single-byte encoding.
func refuseBinary(data []byte) *Refusal {
	for i := range magics {
		if bytes.HasPrefix(data, []byte(magics[i].magic)) {
			return &magics[i].refusal
		}
	}
	// The magic bytes of bzip2 are text, except for those of the first block.
	if len(data) >= 10 && string(data[:3]) == "BZh" && string(data[4:10]) == "\x31\x41\x59\x26\x53\x59" {
		return &Refusal{"it is a bzip2 archive", adviseUnpack}
	}
	if len(data) >= 262 && string(data[257:262]) == "ustar" {
		return &Refusal{"it is a tar archive", adviseUnpack}
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return &Refusal{"it is a binary file", adviseReport}
	}
	return nil
}

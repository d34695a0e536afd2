package main

import (
	"fmt"
	"strings"
)

// A form with one file, as a browser sends it (RFC 7578).
const (
	formType = "multipart/form-data; boundary=jpmbenchboundary"
	formHead = "--jpmbenchboundary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n"
	formTail = "\r\n--jpmbenchboundary--\r\n"
	formByte = "x"
)

// form is the body of a request that uploads a file of size bytes, and its content type.
func form(size int) (body []byte, contentType string) {
	return []byte(formHead + strings.Repeat(formByte, size) + formTail), formType
}

// uploadScript makes wrk's requests uploads of a file of size bytes: the same bytes as form's. Lua reads a string as Go writes it, of these characters.
func uploadScript(size int) string {
	return fmt.Sprintf("wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = %q\nwrk.body = %q .. string.rep(%q, %d) .. %q\n", formType, formHead, formByte, size, formTail)
}

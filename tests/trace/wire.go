// Go's own reading and writing of the text form: built by text_test.py as a command of the standard library (by an
// overlay), because only those may use the packages behind go tool trace.
//
// wire encode < TEXT > TRACE, or wire judge < TEXTS: texts with a length of eight hexadecimal digits before each; prints
// a line for each, "refused" or the hash of the binary form.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/fnv"
	"internal/trace/raw"
	"io"
	"os"
)

func encode(in io.Reader, out io.Writer) error {
	r, err := raw.NewTextReader(in)
	if err != nil {
		return err
	}
	w, err := raw.NewWriter(out, r.Version())
	if err != nil {
		return err
	}
	for {
		ev, err := r.ReadEvent()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.WriteEvent(ev); err != nil {
			return err
		}
	}
}

func judge(text []byte) (verdict string) {
	defer func() {
		if recover() != nil {
			verdict = "died"
		}
	}()
	h := fnv.New64a()
	if encode(bytes.NewReader(text), h) != nil {
		return "refused"
	}
	return fmt.Sprintf("%x", h.Sum64())
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if os.Args[1] == "encode" {
		if err := encode(in, out); err != nil {
			panic(err)
		}
		return
	}
	for {
		var n int
		if _, err := fmt.Fscanf(in, "%08x", &n); err != nil {
			return
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(in, text); err != nil {
			panic(err)
		}
		fmt.Fprintln(out, judge(text))
	}
}

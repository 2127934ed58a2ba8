// Go's own judgement of traces that were cut or changed: built by mutation_test.py as a command of the standard library
// (by an overlay), because only those may use the reader of go tool trace.
//
// judge PATH reads from standard input a line for each variant, "prefix N" or "flip OFFSET XOR [OFFSET XOR ...]", and
// prints for each whether it is accepted, how many events came, and a hash of their texts.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/fnv"
	"internal/trace"
	"io"
	"os"
	"strconv"
	"strings"
)

func judge(data []byte) (verdict string, n int, sum uint64) {
	h := fnv.New64a()
	verdict = "refused"
	defer func() {
		recover() // what the tool would die of is refused
		sum = h.Sum64()
	}()
	r, err := trace.NewReader(bytes.NewReader(data))
	if err != nil {
		return
	}
	for {
		ev, err := r.ReadEvent()
		if err == io.EOF {
			verdict = "accepted"
			return
		}
		if err != nil {
			return
		}
		text := ev.String()
		h.Write([]byte(text))
		h.Write([]byte{'\n'})
		n++
	}
}

func main() {
	original, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		words := strings.Fields(in.Text())
		data := append([]byte(nil), original...)
		number := func(i int) int {
			v, _ := strconv.Atoi(words[i])
			return v
		}
		if words[0] == "prefix" {
			data = data[:number(1)]
		} else {
			for i := 1; i+1 < len(words); i += 2 {
				data[number(i)] ^= byte(number(i + 1))
			}
		}
		verdict, n, sum := judge(data)
		fmt.Fprintf(out, "%s %d %x\n", verdict, n, sum)
	}
}

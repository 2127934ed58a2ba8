// Prints what debug/gosym tells of places in a Go program, as the toolchain's own pprof reads it: for every function
// each STEP-th address with the function's name, file and line.
//
//	go run go_lines.go PROGRAM STEP
package main

import (
	"bufio"
	"debug/elf"
	"debug/gosym"
	"fmt"
	"os"
	"strconv"
)

func table(file *elf.File) (*gosym.Table, error) {
	start := file.Section(".text").Addr
	if symbols, err := file.Symbols(); err == nil {
		for _, symbol := range symbols {
			if symbol.Name == "runtime.text" {
				start = symbol.Value
				break
			}
		}
	}
	section := file.Section(".gopclntab")
	if section == nil {
		section = file.Section(".data.rel.ro.gopclntab")
	}
	if section == nil {
		return gosym.NewTable(nil, gosym.NewLineTable(nil, start))
	}
	data, err := section.Data()
	if err != nil {
		return nil, err
	}
	return gosym.NewTable(nil, gosym.NewLineTable(data, start))
}

func main() {
	step, _ := strconv.ParseUint(os.Args[2], 0, 64)
	file, err := elf.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	table, err := table(file)
	if err != nil {
		panic(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, function := range table.Funcs {
		for pc := function.Entry; pc < function.End; pc += step {
			file, line, fn := table.PCToLine(pc)
			name := "?"
			if fn != nil {
				name = fn.Name
			}
			fmt.Fprintf(out, "%x %s %s:%d\n", pc, name, file, line)
		}
	}
}

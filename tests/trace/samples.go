// Runs on two processors under a CPU profiler and the tracer at the same time.
//
// samples TRACE PROFILE
package main

import (
	"os"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"time"
)

var sink uint64

func spin(until time.Time) {
	for time.Now().Before(until) {
		for i := uint64(0); i < 1<<16; i++ {
			sink += i * i
		}
	}
}

func create(path string) *os.File {
	file, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	return file
}

func main() {
	traced, profiled := create(os.Args[1]), create(os.Args[2])
	if err := trace.Start(traced); err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(profiled); err != nil {
		panic(err)
	}
	var wait sync.WaitGroup
	for i := 0; i < 2; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			spin(time.Now().Add(700 * time.Millisecond))
		}()
	}
	wait.Wait()
	pprof.StopCPUProfile()
	trace.Stop()
}

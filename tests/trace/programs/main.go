// Program traced does one kind of work and writes a trace of it. Go 1.18 compiles it.
//
//	traced KIND FILE
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/trace"
	"sync"
	"time"
)

var kinds = map[string]func(){
	"storm":    storm,
	"collect":  collect,
	"syscalls": syscalls,
	"network":  network,
	"timers":   timers,
	"tasks":    tasks,
	"waits":    waits,
	"panics":   panics,
	"threads":  threads,
}

// Goroutines that make goroutines.
func storm() {
	var all sync.WaitGroup
	var spawn func(depth int)
	spawn = func(depth int) {
		defer all.Done()
		for i := 0; i < 6 && depth > 0; i++ {
			all.Add(1)
			go spawn(depth - 1)
		}
		runtime.Gosched()
	}
	all.Add(1)
	go spawn(4)
	all.Wait()
}

var sink [64][]byte

// A small heap that is collected all the time, by hand too.
func collect() {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	var all sync.WaitGroup
	for w := 0; w < 4; w++ {
		all.Add(1)
		go func(w int) {
			defer all.Done()
			for i := 0; i < 2000; i++ {
				sink[w*16+i%16] = make([]byte, 1<<(i%14))
			}
		}(w)
	}
	all.Wait()
	runtime.GC()
	debug.FreeOSMemory()
}

func syscalls() {
	r, w, err := os.Pipe()
	check(err)
	go func() {
		for i := 0; i < 50; i++ {
			time.Sleep(100 * time.Microsecond)
			fmt.Fprintln(w, i)
		}
		w.Close()
	}()
	io.Copy(io.Discard, r)
	for i := 0; i < 200; i++ {
		file, err := os.Open("/proc/self/status")
		check(err)
		io.Copy(io.Discard, file)
		file.Close()
	}
}

func network() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	var all sync.WaitGroup
	for c := 0; c < 8; c++ {
		all.Add(1)
		go func() {
			defer all.Done()
			conn, err := net.Dial("tcp", listener.Addr().String())
			check(err)
			defer conn.Close()
			lines := bufio.NewReader(conn)
			for i := 0; i < 40; i++ {
				fmt.Fprintln(conn, i)
				_, err := lines.ReadString('\n')
				check(err)
			}
		}()
	}
	all.Wait()
}

func timers() {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	late := time.AfterFunc(time.Hour, func() {})
	done := make(chan bool)
	time.AfterFunc(3*time.Millisecond, func() { close(done) })
	for i := 0; i < 10; i++ {
		<-ticker.C
		late.Reset(time.Hour)
		time.Sleep(50 * time.Microsecond)
	}
	<-done
	late.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}

// Tasks within tasks, some that never end or end twice, regions that do not end, logs and odd names.
func tasks() {
	var all sync.WaitGroup
	for i := 0; i < 20; i++ {
		all.Add(1)
		ctx, task := trace.NewTask(context.Background(), fmt.Sprintf("order %d", i%3))
		go func(i int) {
			defer all.Done()
			trace.WithRegion(ctx, "outer", func() {
				trace.WithRegion(ctx, "inner \"quoted\"\n", func() { trace.Logf(ctx, "step", "number %d", i) })
				_, inner := trace.NewTask(ctx, "")
				if i%4 != 0 {
					inner.End()
				}
			})
			if i%5 == 0 {
				trace.StartRegion(ctx, "never ended")
			}
			if i%7 != 0 {
				task.End()
			}
			if i%6 == 0 {
				task.End()
			}
		}(i)
	}
	all.Wait()
	trace.Log(context.Background(), "", "\xff not UTF-8 \u2603")
}

func waits() {
	var all sync.WaitGroup
	var mutex sync.Mutex
	var once sync.Once
	cond := sync.NewCond(&mutex)
	ready, values, nobody := false, make(chan int), make(chan int)
	for i := 0; i < 16; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			once.Do(func() { time.Sleep(time.Millisecond) })
			mutex.Lock()
			for !ready {
				cond.Wait()
			}
			mutex.Unlock()
			select {
			case values <- i:
			case <-nobody:
			}
		}(i)
	}
	time.Sleep(2 * time.Millisecond)
	mutex.Lock()
	ready = true
	cond.Broadcast()
	mutex.Unlock()
	for i := 0; i < 16; i++ {
		<-values
	}
	all.Wait()
	go func() { select {} }()
	go func() { <-(chan int)(nil) }()
	time.Sleep(time.Millisecond)
}

func panics() {
	var all sync.WaitGroup
	for i := 0; i < 30; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			defer func() { _ = recover() }()
			if i%3 == 0 {
				runtime.Goexit()
			}
			var nothing []int
			_ = nothing[i]
		}(i)
	}
	all.Wait()
}

// Goroutines that end with the threads that they are bound to.
func threads() {
	var all sync.WaitGroup
	for i := 0; i < 10; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			runtime.LockOSThread()
			time.Sleep(100 * time.Microsecond)
		}()
	}
	all.Wait()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// restart writes a trace, and then a second one of the same program.
func restart(path string) {
	for _, name := range []string{path + ".first", path} {
		file, err := os.Create(name)
		check(err)
		check(trace.Start(file))
		waits()
		trace.Stop()
		check(file.Close())
	}
}

// die ends in the midst of a trace.
func die(path string) {
	file, err := os.Create(path)
	check(err)
	check(trace.Start(file))
	for i := 0; i < 8; i++ {
		collect()
		storm()
	}
	panic("as intended")
}

func main() {
	kind, path := os.Args[1], os.Args[2]
	switch kind {
	case "restart":
		restart(path)
		return
	case "die":
		die(path)
	case "flight":
		flight(path)
		return
	}
	work := kinds[kind]
	file, err := os.Create(path)
	check(err)
	check(trace.Start(file))
	work()
	trace.Stop()
	check(file.Close())
}

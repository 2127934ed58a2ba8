//go:build go1.25

package main

import (
	"os"
	"runtime/trace"
)

// flight writes what a flight recorder has kept.
func flight(path string) {
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{})
	check(recorder.Start())
	for i := 0; i < 3; i++ {
		waits()
		collect()
	}
	file, err := os.Create(path)
	check(err)
	_, err = recorder.WriteTo(file)
	check(err)
	check(file.Close())
	recorder.Stop()
}

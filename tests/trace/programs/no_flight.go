//go:build !go1.25

package main

func flight(string) {
	panic("flight recorders came with Go 1.25")
}

// SPDX-License-Identifier: MIT

// Goroutines whose stacks grow and move, panics that are recovered, garbage collections: for
// --span of all functions, which must change nothing of that.
package main

import (
	"fmt"
	"runtime"
	"sync"
)

//go:noinline
func deep(n int, sum int) int {
	var room [64]byte
	room[n%64] = byte(n)
	if n == 0 {
		return sum
	}
	return deep(n-1, sum+int(room[n%64]))
}

//go:noinline
func risky(n int) (result int) {
	defer func() {
		if e := recover(); e != nil {
			result = -n
		}
	}()
	if n%3 == 0 {
		panic("divisible")
	}
	return n
}

func main() {
	var wait sync.WaitGroup
	var lock sync.Mutex
	total := 0
	for i := 0; i < 60; i++ {
		wait.Add(1)
		go func(n int) {
			defer wait.Done()
			sum := deep(n, 0) + risky(n)
			if n%30 == 0 {
				runtime.GC()
			}
			lock.Lock()
			total += sum
			lock.Unlock()
		}(i)
	}
	wait.Wait()
	fmt.Println("total", total)
}

package main

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>

extern void comeBack(void);

static void *call(void *unused)
{
	for (int i = 0; i < 3; i++)
		comeBack();
	return unused;
}

// Calls Go from this thread, and from threads that Go knows nothing of.
static void call_from_threads(void)
{
	pthread_t threads[4];
	call(0);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], 0, call, 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], 0);
}
*/
import "C"

import "time"

//export comeBack
func comeBack() {
	time.Sleep(50 * time.Microsecond)
}

func init() {
	kinds["cgo"] = func() {
		for i := 0; i < 5; i++ {
			C.call_from_threads()
		}
	}
}

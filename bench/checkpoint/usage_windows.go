package main

import "time"

// cpuTime is not known here: the start of the process counts as none.
func cpuTime() time.Duration { return 0 }

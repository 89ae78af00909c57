package gitstore

// queued is a commit whose parents are to be read.
type queued struct {
	committed stamp
	id        int32
}

// queue is a heap: newest first.
type queue []queued

func (q *queue) push(c queued) {
	*q = append(*q, c)
	list := *q
	for i := len(list) - 1; i > 0; {
		up := (i - 1) / 2
		if list[up].committed >= list[i].committed {
			return
		}
		list[i], list[up] = list[up], list[i]
		i = up
	}
}

func (q *queue) pop() queued {
	list := *q
	top, last := list[0], len(list)-1
	list[0] = list[last]
	list = list[:last]
	*q = list
	for i := 0; ; {
		down := 2*i + 1
		if down+1 < last && list[down+1].committed > list[down].committed {
			down++
		}
		if down >= last || list[i].committed >= list[down].committed {
			return top
		}
		list[i], list[down] = list[down], list[i]
		i = down
	}
}

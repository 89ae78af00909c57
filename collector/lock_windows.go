package collector

// On Windows runs are not kept apart.
func lock(string) (unlock func(), err error) { return func() {}, nil }

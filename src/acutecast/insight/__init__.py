"""Questions about stored runs that need them again: why, how sensitive, how precise, how right."""

def assumption_tables(*a, **k): raise NotImplementedError
def suppress_small(*a, **k): raise NotImplementedError

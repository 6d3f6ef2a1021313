def demographic_factors(*a, **k): raise NotImplementedError
def birth_factors(*a, **k): raise NotImplementedError
def catchments(*a, **k): raise NotImplementedError

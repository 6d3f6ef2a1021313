def inequalities(*a, **k): raise NotImplementedError

def hsa_activity_tables(*a, **k): raise NotImplementedError

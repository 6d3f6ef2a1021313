"""From a hospital s own records to provider tables, offline."""

"""A made-up region of hospitals, calibrated to published national figures."""

from acutecast.synthetic.region import DATASET, make_demo, region_tables

__all__ = ["DATASET", "make_demo", "region_tables"]

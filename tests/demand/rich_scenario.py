"""A scenario that assumes something in every section, for the rows of `small_provider`."""

RICH = {
    "name": "rich",
    "seed": 11,
    "runs": 24,
    "horizon_year": 2043,
    "population": {
        "variants": {"migration_category": 0.5, "var_proj_high_intl_migration": 0.5},
    },
    "health_status": True,
    "non_demographic_growth": "primary",
    "expat": {
        "ip": {
            "elective": {"110": [0.7, 0.95], "Other (Medical)": 0.9},
            "non-elective": {"300": {"p10": 0.8, "p90": 0.9, "profile": "s_curve"}},
        },
        "op": {"100": [0.8, 0.95]},
        "aae": {"ambulance": [0.85, 0.95]},
    },
    "repat_local": {
        "ip": {"elective": {"100": [1.05, 1.3], "110": 1.2}},
        "op": {"110": [1.0, 1.2]},
        "aae": {"walk-in": [1.01, 1.1]},
    },
    "repat_nonlocal": {
        "ip": {"non-elective": {"300": [1.1, 1.4]}},
        "op": {"110": 1.3},
        "aae": {"walk-in": 1.05},
    },
    "baseline_adjustment": {
        "ip": {"elective": {"120": 1.2}, "maternity": {"Other (Medical)": 0.9}},
        "op": {"first": {"100": 1.1}, "procedure": {"110": 0.8}},
        "aae": {"ambulance": 1.05},
    },
    "waiting_list": {"ip": {"110": [1.0, 1.4], "130": 1.1}, "op": {"100": [0.9, 1.3]}},
    "inequalities": {"level_up": ["HN22"], "zero_sum": ["BZ34"], "level_down": ["FE22"]},
    "activity_avoidance": {
        "ip": {
            "alcohol_partially_attributable_chronic": [0.5, 0.9],
            "smoking": [0.6, 0.95],
            "ambulatory_care_conditions_acute": [0.5, 0.8],
            "readmission_within_28_days": {"p10": 0.6, "p90": 0.9, "profile": {"step": 2030}},
        },
        "op": {
            "followup_reduction_adult_surgical": [0.6, 0.9],
            "consultant_to_consultant_reduction_adult_surgical": 0.5,
            "gp_referred_first_attendance_reduction_adult_non-surgical": [0.7, 0.9],
        },
        "aae": {
            "frequent_attenders_adult_walk-in": [0.4, 0.9],
            "left_before_seen_adult_walk-in": 0.3,
            "low_cost_discharged_adult_walk-in": [0.5, 0.9],
            "discharged_no_treatment_adult_ambulance": [0.5, 0.9],
        },
    },
    "efficiencies": {
        "ip": {
            "emergency_elderly": [0.7, 0.9],
            "stroke_early_supported_discharge": 0.8,
            "enhanced_recovery_hip": [0.6, 0.9],
            "same_day_emergency_care_high": [0.3, 0.8],
            "same_day_emergency_care_low": 0.5,
            "pre-op_los_1-day": [0.4, 0.8],
            "pre-op_los_2-day": 0.5,
            "day_procedures_usually_dc": [0.2, 0.7],
            "day_procedures_occasionally_dc": 0.8,
            "day_procedures_usually_op": [0.4, 0.8],
            "day_procedures_occasionally_op": 0.7,
            "general_los_reduction_elective": [0.7, 0.95],
            "general_los_reduction_emergency": 0.8,
        },
        "op": {
            "convert_to_tele_adult_surgical": [0.6, 0.9],
            "convert_to_tele_adult_non-surgical": 0.7,
        },
    },
}

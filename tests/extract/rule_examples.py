"""For every TPMA: a record that its rule must select, and near-misses that it must not.

A near-miss is the record with one thing changed. `d` are diagnoses, the primary first; `p`
procedures; the rest are columns of records. `earlier` are the person's earlier spells, as days
from their discharge to this admission and their diagnoses.
"""

from typing import Any

EMERGENCY: dict[str, Any] = {"admimeth": "21", "admiage": 40, "d": ["R609"], "p": []}
PLANNED: dict[str, Any] = {
    "admimeth": "11",
    "admiage": 50,
    "d": ["Z098"],
    "p": ["T203"],
    "classpat": 1,
}
NOT_EMERGENCY = {"admimeth": "11"}
NOT_PLANNED = {"admimeth": "21"}
CANCER = {"d": ["C189"]}


def e(**change: Any) -> dict[str, Any]:
    return EMERGENCY | change


def p(**change: Any) -> dict[str, Any]:
    return PLANNED | change


LONG = {"disdate": "2023-12-05"}
DEAD = {"dismeth": 4}
FRAIL = ["F00X", "G819", "G309", "I698"]  # 7.1 + 4.4 + 4.0 + 3.7 = 19.2

SPELLS: dict[str, list[tuple[dict[str, Any], list[dict[str, Any]]]]] = {
    "alcohol_partially_attributable_acute": [
        (e(d=["S525", "W010"], sex=1, rate=0.07), [{"d": ["S525", "W60X"]}, {"admiage": 15}]),
        (e(d=["S525", "W010"], sex=1, rate=0.17, **DEAD), [{"admiage": 12}, {"d": ["S525"]}]),
    ],
    "alcohol_partially_attributable_chronic": [
        (e(d=["R609", "C15X"], sex=1), [{"d": ["R609", "C16X"]}, {"admiage": 15}]),
        # Alcohol is said to keep from type 2 diabetes: nothing is selected.
        (e(d=["G409"], sex=2), [{"d": ["E119"]}, {"d": ["G459"]}]),
    ],
    "alcohol_wholly_attributable": [
        (e(d=["R609", "F102"], admiage=16), [{"admiage": 15}, {"d": ["R609", "F112"]}]),
    ],
    "ambulatory_care_conditions_acute": [
        (e(d=["L031"]), [{"d": ["L021"]}, {"p": ["T203"]}, NOT_EMERGENCY]),
        (e(d=["R609", "R02X"]), [{"d": ["R609", "R03X"]}]),
        (e(d=["G409"]), [{"d": ["R609", "G409"]}]),
        (e(d=["K529"]), [{"d": ["K527"]}]),
        (e(d=["K047"]), [{"d": ["K070"]}]),
        (e(d=["J039"]), [{"d": ["J049"]}]),
        (e(d=["N739"]), [{"d": ["N719"]}]),
        (e(d=["K254"]), [{"d": ["K257"]}]),
        (e(d=["N10X"]), [{"d": ["N130"]}]),
    ],
    "ambulatory_care_conditions_chronic": [
        (e(d=["I209"]), [{"p": ["K401"]}, {"d": ["I219"]}]),
        (e(d=["J459"]), [NOT_EMERGENCY]),
        (e(d=["I500"]), [{"p": ["K401"]}]),
        (e(d=["J440"]), [{"d": ["J40X"]}]),
        (e(d=["J209", "J440"]), [{"d": ["J209"]}]),
        (e(d=["R609", "E116"]), [{"d": ["R609", "E119"]}]),
        (e(d=["D509"]), [{"d": ["D519"]}]),
        (e(d=["E43X"]), [{"d": ["E44X"]}]),
    ],
    "ambulatory_care_conditions_vaccine_preventable": [
        (e(d=["R609", "J181"]), [{"d": ["R609", "J189"]}, {"d": ["J181", "D571"]}, NOT_EMERGENCY]),
        (e(d=["A379"]), [{"d": ["A389"]}]),
    ],
    "cancelled_operations": [
        (p(sushrg="WH50A"), [{"sushrg": "WH49A"}, DEAD, NOT_PLANNED]),
        (p(sushrg="S22X1", dismeth=""), [{"admimeth": "81"}]),
    ],
    "eol_care_2_days": [
        (
            e(disdate="2023-05-03", **DEAD),
            [{"dismeth": 1}, {"p": ["U212"]}, {"d": ["R609", "W190"]}, {"disdate": "2023-05-04"}],
        ),
    ],
    "eol_care_3_to_14_days": [
        (
            e(disdate="2023-05-15", **DEAD),
            [{"dismeth": 1}, {"disdate": "2023-05-16"}, {"disdate": "2023-05-03"}],
        ),
    ],
    "evidence_based_interventions_ent": [
        (
            p(admiage=8, d=["H653"], p=["E201", "D151"]),
            [{"admiage": 19}, {"d": ["H653", "G473"]}, {"p": ["E201"]}],
        ),
        (p(admiage=8, d=["H653"], p=["D151"]), [{"d": ["H650"]}, NOT_PLANNED]),
        (p(d=["R065"], p=["F324"]), [{"admiage": 18}, {"d": ["R065", "G473"]}]),
        (p(d=["J332"], p=["E081", "Y761"]), [{"p": ["E081"]}]),
        (p(d=["J350"], p=["F341"]), [{"d": ["J350", "J36X"]}, {"d": ["J350", "C329"]}]),
    ],
    "evidence_based_interventions_general_surgery": [
        (p(d=["R104"], p=["H011"]), [{"d": ["K358"]}, NOT_PLANNED]),
        (p(d=["K851"], p=["J183"]), [{"d": ["K852"]}, {"admiage": 18}]),
        (p(d=["K649"], p=["H511"]), [{"p": ["H514"]}, {"d": ["K629"]}]),
        (p(d=["K409"], p=["T202"]), [{"d": ["K403"]}, {"p": ["T212"]}]),
    ],
    "evidence_based_interventions_gi_surgical": [
        (
            p(d=["R194"], p=["H229"]),
            [{"p": ["H229", "H681"]}, {"d": ["R194", "D126"]}, {"d": ["Z121"]}],
        ),
        (p(d=["K297"], p=["G451"]), [{"p": ["G457"]}, CANCER, NOT_PLANNED]),
    ],
    "evidence_based_interventions_msk": [
        (p(d=["M232"], p=["W822"]), [{"d": ["M232", "S832"]}, {"p": ["W832"]}]),
        (p(d=["M232"], p=["W714", "Y767", "Z846"]), [{"p": ["W714", "Y767"]}]),
        (p(d=["M233", "M238"], p=["W822"]), [{"d": ["M233"]}]),
        (p(d=["M233", "M238"], p=["W714", "Y767", "Z846"]), [{"p": ["W714", "Z846"]}]),
        (p(d=["M754"], p=["O291", "Y767"]), [{"p": ["O291"]}, {"d": ["M754", "M751"]}]),
        (p(d=["M754"], p=["W572", "Z812"]), [{"p": ["W572"]}]),
        (p(d=["M545"], p=["A521"]), [{"d": ["M544"]}]),
        (p(d=["M720"], p=["T521"]), [{"admiage": 18}]),
        (p(d=["M545"], p=["V383"]), [{"d": ["M545", "M400"]}, {"d": ["M545", "O268", "M544"]}]),
        (p(d=["M545", "O268"], p=["V383"]), [{"d": ["M545", "O268", "M533"]}]),
        (p(d=["M674", "M258"], p=["T591"]), [{"d": ["M674"]}]),
        (p(d=["M179"], p=["W852"]), [{"d": ["M179", "M238"]}]),
        (p(d=["M179"], p=["W802", "Y767", "Z846"]), [{"p": ["W802"]}]),
        (p(d=["M511"], p=["V331"]), [{"d": ["M521"]}]),
        (p(d=["M511"], p=["V521", "Z993"]), [{"p": ["V521"]}]),
        (
            p(d=["M518"], p=["V485", "Z675"]),
            [{"p": ["V485"]}, {"d": ["M518", "Z993"], "p": ["V485"]}],
        ),
        (p(d=["M653"], p=["T723"]), [{"d": ["M652"]}]),
        (p(d=["M809"], p=["V444"]), [{"d": ["M806"]}]),
    ],
    "evidence_based_interventions_urology": [
        (p(sex=1, d=["R31X"], p=["M459"]), [{"sex": 2}, {"p": ["M459", "M451"]}, {"admiage": 18}]),
        (p(sex=1, d=["N40X"], p=["M653"]), [{"d": ["N40X", "N139"]}, {"d": ["R609"]}]),
    ],
    "evidence_based_interventions_vascular_varicose_veins": [
        (p(d=["I839"], p=["L841"]), [{"d": ["I829"]}, {"p": ["L831"]}, NOT_PLANNED]),
    ],
    "falls_related_admissions": [
        (
            e(admiage=65, d=["S010", "W190"]),
            [{"admiage": 64}, {"d": ["S010", "W200"]}, NOT_EMERGENCY],
        ),
        (e(admiage=70, d=["S720"]), [{"d": ["S720", "X590"]}, {"d": ["S722"], "admiage": 60}]),
        (e(admiage=70, d=["R296"]), [{"d": ["R609", "R296"]}]),
    ],
    "frail_elderly_high": [
        (e(admiage=75, d=FRAIL), [{"admiage": 74}, {"d": ["F00X", "G819", "F03X"]}, NOT_EMERGENCY]),
        (
            e(admiage=80, d=["F00X", "G819", "R31X"], earlier=[(600, ["I698"])]),
            [{"earlier": [(800, ["I698"])]}],
        ),
    ],
    "frail_elderly_intermediate": [
        (e(admiage=75, d=["F00X"]), [{"admiage": 74}, {"d": FRAIL}, {"d": ["G819"]}]),
    ],
    "intentional_self_harm": [
        (e(d=["T391", "X610"]), [{"d": ["T391", "X410"]}, NOT_EMERGENCY]),
    ],
    "medically_unexplained_related_admissions": [
        (e(d=["R074"]), [{"d": ["R609", "R074"]}, {"d": ["R073"]}, NOT_EMERGENCY]),
    ],
    "medicines_related_admissions_explicit": [
        (e(d=["R609", "Y442"]), [{"d": ["R609", "Y602"]}, NOT_EMERGENCY]),
    ],
    "medicines_related_admissions_implicit_anti-diabetics": [
        (
            e(d=["E162", "E119"]),
            [{"d": ["E162"]}, {"d": ["E162", "E119", "Y423"]}, {"d": ["E163", "E119"]}],
        ),
    ],
    "medicines_related_admissions_implicit_benzodiasepines": [
        (e(d=["S060", "F329"]), [{"d": ["S061", "F329"]}, {"d": ["S060", "F329", "Y471"]}]),
    ],
    "medicines_related_admissions_implicit_diurectics": [
        (e(d=["E876", "I10X"]), [{"d": ["E876"]}, {"d": ["E873", "I10X"]}]),
    ],
    "medicines_related_admissions_implicit_nsaids": [
        (e(d=["K922", "M199"]), [{"d": ["K922"]}, {"d": ["K921", "M199"]}]),
    ],
    "obesity_related_admissions": [
        (e(d=["K802"], rate=0.15), [{"d": ["K803"]}, {"d": ["R609", "K802"]}]),
        (e(d=["E662"], rate=1.0), [{"d": ["E67X"]}]),
    ],
    "raid_ae": [
        (e(d=["F329"]), [{"admimeth": "22"}, {"p": ["U212"]}, DEAD, {"d": ["R609", "F329"]}]),
    ],
    "readmission_within_28_days": [
        (
            e(earlier=[(28, ["R609"])]),
            [{"earlier": [(29, ["R609"])]}, {"earlier": []}, NOT_EMERGENCY],
        ),
    ],
    "smoking": [
        (e(d=["C349"], sex=1, rate=0.55), [{"d": ["R609", "C349"]}, {"d": ["C351"]}]),
        (e(d=["C539"], sex=2, rate=0.1), [{"sex": 1}]),
    ],
    "virtual_wards_activity_avoidance_ari": [
        (e(admiage=18, d=["J22X"]), [{"admiage": 17}, DEAD, {"p": ["U212"]}, {"d": ["J059"]}]),
    ],
    "virtual_wards_activity_avoidance_heart_failure": [
        (e(d=["I500"]), [{"d": ["I502"]}, {"dismeth": ""}, NOT_EMERGENCY]),
    ],
    "zero_los_no_procedure_adult": [
        (e(disdate="2023-05-01"), [{"disdate": "2023-05-02"}, {"p": ["U212"]}, {"admiage": 17}]),
    ],
    "zero_los_no_procedure_child": [
        (e(disdate="2023-05-01", admiage=17), [{"admiage": 18}, DEAD]),
    ],
    "emergency_elderly": [(e(admiage=75), [{"admiage": 74}, NOT_EMERGENCY])],
    "enhanced_recovery_bladder": [(p(p=["M341"]), [{"p": ["M351"]}, NOT_PLANNED])],
    "enhanced_recovery_breast": [(p(p=["B274"]), [{"p": ["B304"]}, NOT_PLANNED])],
    "enhanced_recovery_colectomy": [(p(p=["H101"]), [{"p": ["H111"]}, NOT_PLANNED])],
    "enhanced_recovery_hip": [(p(p=["W371"]), [{"p": ["W361"]}, NOT_PLANNED])],
    "enhanced_recovery_hysterectomy": [(p(p=["Q074"], sex=2), [{"sex": 1}, {"p": ["Q094"]}])],
    "enhanced_recovery_knee": [(p(p=["W401"]), [{"p": ["W402"]}, NOT_PLANNED])],
    "enhanced_recovery_prostate": [(p(p=["M611"], sex=1), [{"sex": 2}, {"p": ["M621"]}])],
    "enhanced_recovery_rectum": [(p(p=["H333"]), [{"p": ["H337"]}, NOT_PLANNED])],
    "excess_beddays_elective": [
        (p(sushrg="AA26H", disdate="2023-05-07"), [{"disdate": "2023-05-06"}, NOT_PLANNED]),
    ],
    "excess_beddays_emergency": [
        (e(sushrg="DZ09J", disdate="2023-12-18"), [{"disdate": "2023-12-17"}, NOT_EMERGENCY]),
    ],
    "pre-op_los_1-day": [
        (
            p(opdate="2023-05-02"),
            [{"opdate": "2023-05-01"}, {"opdate": "2023-05-03"}, {"p": ["U212"]}, NOT_PLANNED],
        ),
    ],
    "pre-op_los_2-day": [
        (p(opdate="2023-05-03"), [{"opdate": "2023-05-02"}, {"disdate": "2023-05-02"}]),
    ],
    "raid_ip": [(e(d=["R609", "F329"]), [DEAD, {"d": ["R609"]}, NOT_EMERGENCY])],
    "stroke_early_supported_discharge": [
        (e(sushrg="AA35B"), [{"sushrg": "AA34B"}, DEAD, NOT_EMERGENCY]),
    ],
    "virtual_wards_efficiencies_ari": [(e(d=["J22X"]), [{"admiage": 17}, {"p": ["U212"]}])],
    "virtual_wards_efficiencies_heart_failure": [(e(d=["I110"]), [{"d": ["I119"]}, DEAD])],
    "same_day_emergency_care_low": [
        (
            e(d=["J459"], sushrg="DZ15P", disdate="2023-05-03"),
            [
                {"disdate": "2023-05-04"},
                {"sushrg": "DZ15N"},
                {"d": ["J458"], "sushrg": "DZ65F"},
                {"admimeth": "24"},
                {"admiage": 17},
            ],
        ),
    ],
    "same_day_emergency_care_moderate": [
        (
            e(d=["N390"], sushrg="LA04Q", disdate="2023-05-01"),
            [{"sushrg": "LA04P"}, {"d": ["N391"]}],
        ),
    ],
    "same_day_emergency_care_high": [
        (
            e(d=["G459"], sushrg="AA29C", disdate="2023-05-01"),
            [{"d": ["G455"]}, {"sushrg": "AA29B"}],
        ),
    ],
    "same_day_emergency_care_very_high": [
        (
            e(d=["I801"], sushrg="YQ51C", disdate="2023-05-01"),
            [{"d": ["I804"]}, {"sushrg": "YQ51B"}],
        ),
    ],
}

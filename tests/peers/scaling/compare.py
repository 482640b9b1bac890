"""Rows of Ferry's replay beside those of the other program; `compare` calls it.

Where the two differ by design:
- An alarm of AWS invokes its action again once a minute while it lasts, whatever the period; the
  other program decides at every datapoint, which is three times a minute with 20-second metrics.
- A scale-in cooldown counts from the last scale-in; the other program also counts it from the last
  scale-out, which is a switch of Ferry's (`Semantics::scale_in_waits_after_scale_out`).
- Tasks that begin to run at the instant of a decision count as running.
- Chances are drawn by another generator.
"""

import csv
import sys

sys.path.insert(0, sys.argv[1])
from policies import HAND, HAND_ABS, HI, avg, step, traces, tt, world  # noqa: E402

EC2 = world(d=0.012, fixed=0, boot_med=12)
SAME = world()
ROWS = {
    "hand %": (SAME, step(**HAND)),
    "hand tasks": (SAME, step(**HAND_ABS)),
    "hand % cd60": (SAME, step(**{**HAND, "cd": 60})),
    "hand % EC2": (EC2, step(**HAND)),
    "hand tasks EC2": (EC2, step(**HAND_ABS)),
    "TT 70": (SAME, tt(70)),
    "TT 60": (SAME, tt(60)),
    "TT 50": (SAME, tt(50)),
    "TT 50 cd60": (SAME, tt(50, 60)),
    "TT 60 cd60": (SAME, tt(60, 60)),
    "TT 40 cd60": (SAME, tt(40, 60)),
    "TT 30 cd60": (SAME, tt(30, 60)),
    "TT 60 20 s": (HI, tt(60, 60)),
    "TT 50 20 s": (HI, tt(50, 60)),
}
HOURS_PART_MAX, SLOW_POINTS_MAX = 0.02, 0.1

weeks = traces()
apart = 0
print(f"{'week':<9} {'policy':<15} {'slow %':>15} {'bad minutes':>15} {'task-hours':>19}")
for row in csv.DictReader(open(sys.argv[2])):
    theirs = avg(*ROWS[row["row"]], weeks[row["week"]][1])
    slow, hours = float(row["slowPercent"]), float(row["taskHours"])
    far = (
        abs(slow - theirs["slow_pct"]) > SLOW_POINTS_MAX
        or abs(hours / theirs["task_h"] - 1) > HOURS_PART_MAX
    )
    apart += far
    print(
        f"{row['week']:<9} {row['row']:<15} {slow:7.3f} {theirs['slow_pct']:7.3f}"
        f" {float(row['badMinutes']):7.1f} {theirs['bad_min']:7.1f} {hours:9.0f} {theirs['task_h']:9.0f}"
        f" {100 * (hours / theirs['task_h'] - 1):+6.2f} %{'  APART' if far else ''}"
    )
print(f"{apart} rows are more than 2 % of task-hours or 0.1 points of slow requests apart.")
sys.exit(apart > 0)

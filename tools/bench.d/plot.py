"""The growth curves as pictures: a gateway's CPU time per exchange over the number of live flows."""

import os
import subprocess

from table import median, of

# Dark on light, told apart without colour by their points.
STYLES = {"forwarding": ("#555555", 4), "haproxy-tuned": ("#b35900", 6), "nginx-tuned": ("#1a7a3c", 8),
          "weir": ("#10408f", 7)}


def plot(curve, results, participants, folder):
    """Writes FOLDER/CURVE.png; the path, or None when no participant has a point."""
    lines, data = [], ""
    for participant in participants:
        points = []
        for metric in curve.metrics():
            cost = median(of(results, metric.name, participant.name), "gateway_us_per_op")
            if cost is not None:
                points.append(f"{metric.flows} {cost:.4f}")
        if points:
            colour, shape = STYLES.get(participant.name, ("#000000", 1))
            lines.append(f"'-' using 1:2 with linespoints lw 3 ps 1.8 pt {shape} lc rgb '{colour}' "
                         f"title '{participant.name}'")
            data += "\n".join(points) + "\ne\n"
    if not lines:
        return None
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{curve.name}.png")
    script = f"""
set terminal pngcairo size 1000,600 background rgb '#fbfbf8' font 'sans,14' enhanced
set output '{path}'
set title 'Gateway CPU time per request and answer, all flows used in turn' textcolor rgb '#222222'
set xlabel '{curve.title}' textcolor rgb '#222222'
set ylabel 'µs of gateway CPU per exchange' textcolor rgb '#222222'
set border 3 lc rgb '#444444'
set tics nomirror textcolor rgb '#222222'
set grid ytics lc rgb '#d8d8d0'
set logscale x
set format x '%.0f'
set yrange [0:*]
set xrange [{curve.points[0] * 0.8}:{curve.points[-1] * 1.25}]
set key bottom right textcolor rgb '#222222'
plot {', '.join(lines)}
{data}"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    return path

"""Results as a table: per metric a block with a line per participant, medians over the rounds.

A ratio is the median of the ratios of one round each: two values that were measured one right after the
other, so that what the machine did meanwhile falls out of it.
"""

import math
import statistics


def of(results, metric, participant):
    return [r for r in results if r["metric"] == metric and r["participant"] == participant]


def median(results, key):
    values = [r[key] for r in results if r.get(key) is not None and "error" not in r]
    return statistics.median(values) if values else None


def ratio(results, metric, participant, base, key="value"):
    """The median of same-round ratios; None where no round has both."""
    bases = {r["round"]: r.get(key) for r in of(results, metric, base)}
    ratios = [r[key] / bases[r["round"]] for r in of(results, metric, participant)
              if r.get(key) is not None and bases.get(r["round"])]
    return statistics.median(ratios) if ratios else None


QUIET = 0.02  # a round in which the host took more of the machine's time says nothing of a few per cent


def compare(results, metrics, participant, base):
    """Two builds side by side: the median of the ratios within a round, and its 95 % interval."""
    rows = [["", "rounds", "value", "interval", "gateway µs", "interval", ""]]
    for metric in metrics:
        cells = [metric.name]
        for key in ("value", "gateway_us_per_op"):
            ratios = within_rounds(results, metric.name, participant, base, key)
            if key == "value":
                cells.append(str(len(ratios)))
            low, high = interval(ratios)
            cells += [exact(statistics.median(ratios)) if ratios else "–",
                      f"{exact(low)} to {exact(high)}" if low else "–"]
        rows.append(cells + ["better: " + metric.better])
    return (f"{participant} beside {base}: medians of the ratios within one round, rounds with steal "
            f"< {QUIET:.0%} in both\n" + align(rows))


def within_rounds(results, metric, participant, base, key):
    """The ratio of each round that has both, undisturbed."""
    def quiet(name):
        return {r["round"]: r[key] for r in of(results, metric, name)
                if r.get(key) is not None and r.get("steal", 0) < QUIET}
    bases = quiet(base)
    return [value / bases[turn] for turn, value in quiet(participant).items() if bases.get(turn)]


def interval(values):
    """Between which two of the values the median lies in 95 of 100 cases, whatever their distribution
    (by ranks); (None, None) where there are too few to say."""
    ordered = sorted(values)
    count = len(ordered)
    outside = 0.0
    rank = 0
    while rank < count // 2 and (next_one := outside + math.comb(count, rank) / 2 ** count) <= 0.025:
        outside = next_one
        rank += 1
    return (ordered[rank - 1], ordered[count - rank]) if rank else (None, None)


def exact(value):
    return f"{value:.3f}"


def number(value):
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"


def share(value):
    return "–" if value is None else f"{100 * value:.1f} %"


def times(value):
    return "–" if value is None else f"{value:.2f}×"


class Table:
    def __init__(self, results, metrics, curves, participants):
        self.results = results
        self.metrics = metrics
        self.curves = curves
        self.participants = participants
        self.notes = []

    def text(self):
        blocks = [self._block(metric) for metric in self.metrics if metric.kind != "growth"]
        blocks += [self._curve(curve) for curve in self.curves]
        lines = "\n\n".join(blocks).splitlines() + [""]
        lines += [f"[{i}] {note}" for i, note in enumerate(self.notes, 1)]
        lines += [f"{p.name}: {p.note}" for p in self.participants if p.note]
        return "\n".join(lines)

    def _mark(self, note):
        if note not in self.notes:
            self.notes.append(note)
        return f"[{self.notes.index(note) + 1}]"

    def _columns(self, metric):
        bases = ("nginx", "nginx-tuned") if metric.udp else ("haproxy", "haproxy-tuned")
        present = {p.name for p in self.participants}
        ratios = [(f"×{base}", base) for base in ("forwarding",) + bases if base in present]
        return [] if metric.kind == "memory" else ratios

    def _block(self, metric):
        ratios = self._columns(metric)
        costs = self._costs(metric)
        per_op = f"/{metric.op}" if metric.op else ""
        head = ["", metric.unit]
        if metric.kind == "memory":
            head += ["kernel bytes"]
        else:
            head += ["lowest", "highest"] + [title for title, _ in ratios]
            head += [f"{title} µs{per_op}" for title, _ in costs]
        extra = [key for key in ("p50_us", "p99_us", "loss") if metric.kind != "memory" and any(
            key in r for r in self.results if r["metric"] == metric.name)]
        head += [{"p50_us": "p50 µs", "p99_us": "p99 µs", "loss": "lost"}[key] for key in extra]
        rows = [head + [""]]
        for participant in self.participants:
            rows.append(self._row(metric, participant, ratios, costs, extra))
        return f"{metric.name}: {metric.title}\n" + align(rows)

    @staticmethod
    def _costs(metric):
        # What runs beside the measured client costs, too: no figure could be told apart.
        if metric.beside or metric.kind == "iperf3":
            return []
        return [("gateway", "gateway_us_per_op"), ("both cores", "cores_us_per_op")]

    def _row(self, metric, participant, ratios, costs, extra):
        reason = participant.cannot(metric)
        mine = of(self.results, metric.name, participant.name)
        good = [r for r in mine if "error" not in r]
        if reason or not good:
            error = next((r["error"] for r in mine), "not measured")
            note = reason or f"{metric.name}, {participant.name}: {error}"
            return [participant.name, "–"] + ["" for _ in ratios] + [self._mark(note)]
        row = [participant.name, number(median(good, "value"))]
        if metric.kind == "memory":
            row += [number(median(good, "kernel"))]
        else:
            values = [r["value"] for r in good]
            row += [number(min(values)), number(max(values))]
            row += [times(ratio(self.results, metric.name, participant.name, base))
                    for _, base in ratios]
            row += [number(median(good, key)) for _, key in costs]
        row += [share(median(good, key)) if key == "loss" else number(median(good, key))
                for key in extra]
        return row + [self._remarks(metric, participant, mine, good)]

    def _curve(self, curve):
        points = list(curve.metrics())
        names = {r["participant"] for r in self.results if r["metric"] in {p.name for p in points}}
        text = f"{curve.name}: {curve.title}, all used in turn, 10 at a time"
        for title, key in (("gateway µs/exchange", "gateway_us_per_op"), ("exchanges/s", "value")):
            rows = [[title] + [f"{point.flows:,}" for point in points] + [""]]
            for participant in self.participants:
                if participant.name not in names or (key != "value" and not participant.interception):
                    continue
                cells, marks = [], ""
                for point in points:
                    mine = of(self.results, point.name, participant.name)
                    cells.append(number(median(mine, key)))
                    note = participant.cannot(point) or next(
                        (f"{point.name}, {participant.name}: {r['error']}" for r in mine
                         if "error" in r), None)
                    marks += self._mark(note) if note else ""
                rows.append([participant.name] + cells + [marks])
            text += "\n" + align(rows)
        return text

    def _remarks(self, metric, participant, mine, good):
        remarks = []
        if metric.kind == "memory" and participant.interception is None:
            remarks.append("(kernel: what client and server alone take; every row has it in it)")
        if sum(bool(r.get("generator_bound")) for r in good) * 2 > len(good):
            remarks.append("generator-bound")
        if stolen := sum(bool(r.get("stolen")) for r in good):
            remarks.append(f"steal > 5 % in {stolen} of {len(good)}")
        beside = [r["beside"] for r in good if "beside" in r]
        if beside and "bytes" in beside[0]:
            rates = [b["bytes"] * 8 / 1e9 / b["seconds"] for b in beside]
            remarks.append(f"beside: {statistics.median(rates):.1f} Gbit/s")
        elif beside:
            rates = [b["ops"] / b["seconds"] for b in beside]
            remarks.append(f"beside: {statistics.median(rates):,.0f} datagrams/s")
        if failed := [r["error"] for r in mine if "error" in r]:
            remarks.append(f"failed in {len(failed)} of {len(mine)} "
                           + self._mark(f"{metric.name}, {participant.name}: {failed[0]}"))
        return ", ".join(remarks)


def align(rows):
    width = max(len(row) for row in rows)
    # A row that ends early (a dash and its footnote) is not padded: the footnote follows the dash.
    sizes = [max((len(row[i]) for row in rows if len(row) == width), default=0) for i in range(width)]
    sizes[0] = max(len(row[0]) for row in rows)
    lines = []
    for row in rows:
        cells = [row[0].ljust(sizes[0])] + [cell.rjust(size) for cell, size in zip(row[1:-1], sizes[1:])]
        lines.append("  " + "  ".join(cells + [row[-1]]).rstrip())
    return "\n".join(lines)

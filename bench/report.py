"""Tables and charts of what bench/run has measured."""
import datetime
import json
import os
import subprocess

INK, FAINT, OURS, THEIRS = "#1f2933", "#52606d", "#0072b2", "#d55e00"
# What of a processor's abilities decides how fast such work can be.
ABILITIES = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "asimd", "sve"]


def heading():
    return f"{'row':<11}{'threads':>8}{'dunlin ms':>12}{'peer ms':>12}{'ratio':>7}{'GFLOP/s':>9}{'peer':>7}{'of ceiling':>12}{'spread':>10}{'MB':>7}{'peer':>6}  peer's variant, kernels"


def line(r):
    threads = str(r["threads"]) if r["threads"] == r["peer_threads"] else f"{r['threads']} and {r['peer_threads']}"
    percent = f"{r['dunlin_percent']}, {r['peer_percent']} %"
    left_out = f" ({', '.join(r['failed_variants'])} failed)" if r["failed_variants"] else ""
    return (f"{r['row']:<11}{threads:>8}{r['dunlin_ms']:>12.4g}{r['peer_ms']:>12.4g}{r['ratio']:>7.2f}{r['dunlin_gflops']:>9.1f}{r['peer_gflops']:>7.1f}"
            f"{percent:>12}{spread(r):>10}{r['dunlin_peak_mb']:>7}{r['peer_peak_mb']:>6}  {r['variant']}{left_out}, {r['kernels']}{mixed(r)}")


def mixed(r):
    """The other comparison of a row in mixed precision: with PyTorch in the same."""
    return f"; in mixed precision, {r['mixed_ratio']:.2f} times {r['mixed_variant']}" if r.get("mixed_variant") else ""


def is_mixed(data):
    """Whether Dunlin's results are in mixed precision."""
    return any(r.get("precision") == "bf16" for r in data["rows"].values())


def mixed_ratio(r):
    return f"{r['mixed_ratio']:.2f} | " if r.get("mixed_variant") else "- | "


def spread(r):
    """Of both sides, where there was more than one turn."""
    return f"{r['dunlin_spread']}, {r['peer_spread']} %" if r["turns"] > 1 else "one turn"


def processor():
    """The model's name and abilities, as Linux says."""
    facts = {}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for text in file:
            key, _, value = text.partition(":")
            facts.setdefault(key.strip(), value.strip())
    abilities = facts.get("flags", facts.get("Features", "")).split()
    return facts.get("model name", "unknown processor"), ", ".join(a for a in ABILITIES if a in abilities)


def commit(folder):
    """Dunlin's own version: the commit, and whether files differ from it."""
    def git(*arguments):
        return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True).stdout.strip()
    # What has been measured is written while more is measured: it does not count as a change.
    changed = git("status", "--porcelain", "--", ":/", ":(exclude,top)bench/results")
    return (git("describe", "--always") or "unknown") + (" with changes" if changed else "")


def save(folder, name, result, ceilings, versions, order):
    """Adds a row to NAME.json, in place of an older one, and writes NAME.md and NAME.svg from all."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".json")
    known = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
    model, abilities = processor()
    machine = {"processor": model, "abilities": abilities, "processors": os.cpu_count()}
    if known.get("machine", machine) != machine:
        raise SystemExit(f"{path} is of another machine, {known['machine']}; save under another name.")
    # The best of all runs: a ceiling that was measured while something else ran is none.
    best = {str(k): max(v, known.get("ceilings", {}).get(str(k), 0)) for k, v in ceilings.items()}
    best = {**known.get("ceilings", {}), **best}
    rows = {**known.get("rows", {}), result["row"]: {**result, "date": datetime.date.today().isoformat(), "dunlin": commit(folder)}}
    for r in rows.values():
        for side, threads in (("dunlin", "threads"), ("peer", "peer_threads")):
            r[f"{side}_percent"] = round(100 * r[f"{side}_gflops"] / best[str(r[threads])])
    data = {"machine": machine, "ceilings": best, "dunlin": versions, "rows": {r: rows[r] for r in order if r in rows}}
    for suffix, text in ((".json", json.dumps(data, indent=1) + "\n"), (".md", markdown(name, data)), (".svg", chart(data))):
        with open(os.path.join(folder, name + suffix), "w", encoding="utf-8") as file:
            file.write(text)


def markdown(name, data):
    rows, machine = list(data["rows"].values()), data["machine"]
    ceilings = ", ".join(f"{v:.0f} on {k} thread{'s' * (k != '1')}" for k, v in sorted(data["ceilings"].items(), key=lambda c: int(c[0])))
    lines = [
        "# Training steps, Dunlin and PyTorch", "",
        f"Forward pass, backward pass and momentum update of one batch, Dunlin in {'mixed precision (BFloat16)' if is_mixed(data) else 'Float32'}; written by `bench/run --save`. Each side at its best number of threads,",
        "PyTorch in its fastest variant in Float32. The two sides took turns; these are medians, and the spread is how far the slowest turn was above the fastest. GFLOP/s count the direct sums",
        "of convolutions, and the ceiling is Float32's: tiles (decision 16) and 16 bits pass it.", "",
        f"- Machine: {machine['processor']}, {machine['processors']} processors; {machine['abilities']}",
        f"- Ceiling of the vector units, GFLOP/s: {ceilings}",
        f"- Dunlin: {data['dunlin']}",
        *(f"- Peer: {peer}" for peer in sorted({r['peer'] for r in rows})),
        f"- Dates: {', '.join(sorted({r['date'] for r in rows}))}; commits: {', '.join(sorted({r['dunlin'] for r in rows}))}", "",
        f"![How many times as fast as PyTorch]({name}.svg)", "",
        f"| row | threads, Dunlin and peer | Dunlin ms | PyTorch ms | ratio |{' ratio to PyTorch in mixed precision |' if is_mixed(data) else ''} Dunlin GFLOP/s | of ceiling | PyTorch GFLOP/s | of ceiling | spread, both | peak MB, both | PyTorch's variants, ms |",
        f"|---|---:|---:|---:|---:|{'---:|' if is_mixed(data) else ''}---:|---:|---:|---:|---:|---:|---|",
    ]
    for r in rows:
        variants = ", ".join(f"**{v} {ms:.4g}**" if v == r["variant"] else f"{v} {ms:.4g}" for v, ms in r["variants_ms"].items())
        variants += "".join(f", {v} failed" for v in r["failed_variants"])
        lines.append(
            f"| {r['row']} | {r['threads']}, {r['peer_threads']} | {r['dunlin_ms']:.4g} | {r['peer_ms']:.4g} | {r['ratio']:.2f} | {mixed_ratio(r) if is_mixed(data) else ''}{r['dunlin_gflops']:.1f} | {r['dunlin_percent']} % "
            f"| {r['peer_gflops']:.1f} | {r['peer_percent']} % | {spread(r)} | {r['dunlin_peak_mb']}, {r['peer_peak_mb']} | {variants} |")
    return "\n".join(lines) + "\n"


def chart(data):
    """A bar for each side of each row: the share of the ceiling, with the ratio beside them."""
    rows = list(data["rows"].values())
    left, width, step = 110, 470, 46
    height = 70 + step * len(rows)
    most = max([100, *(r[f"{side}_percent"] for r in rows for side in ("dunlin", "peer"))])
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" width="760" height="{height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="760" height="{height}" fill="#ffffff"/>',
        '<text x="16" y="24" font-size="16" font-weight="bold">Training steps: per cent of the vector units\' ceiling</text>',
        f'<text x="16" y="44" fill="{OURS}">Dunlin</text><text x="66" y="44" fill="{THEIRS}">PyTorch</text>',
        f'<text x="744" y="44" text-anchor="end" fill="{FAINT}">times as fast</text>',
    ]
    for i, r in enumerate(rows):
        y = 58 + i * step
        out.append(f'<text x="{left - 8}" y="{y + 21}" text-anchor="end">{r["row"]}</text>')
        for side, colour, offset in (("dunlin", OURS, 0), ("peer", THEIRS, 17)):
            long = max(1, round(width * r[f"{side}_percent"] / most))
            out.append(f'<rect x="{left}" y="{y + offset}" width="{long}" height="15" fill="{colour}"/>')
            out.append(f'<text x="{left + long + 5}" y="{y + offset + 12}" fill="{FAINT}">{r[f"{side}_percent"]} %, {r[f"{side}_ms"]:.4g} ms</text>')
        out.append(f'<text x="744" y="{y + 21}" text-anchor="end" font-weight="bold">{r["ratio"]:.2f}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"

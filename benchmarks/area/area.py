#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What modules of rtl/ take of a 7-series device, as Yosys maps them, compared with baseline.tsv.

    area.py                     all units; exit code 1 when one takes over 3 % more of anything, or
                                with --clock is over 3 % slower
    area.py --only converter    the units whose names say so
    area.py --clock             their clock on ECP5, speed 6, too, by nextpnr: median of three seeds, and
                                the two ends of the path that it hangs on
    area.py --update            stores what was measured; --baseline FILE: there
    area.py --peer FINN         units of FINN (a checkout) beside ours, for the same work

Needs yosys; nextpnr-ecp5 for --clock; a yosys with read_slang for --peer. Tools in the folder that
ASSAY_FPGA_TOOLS names, as oss-cad-suite or yowasp-*, come first.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RTL = HERE.parent.parent / "rtl"
COUNTS = ("LUT", "LUTRAM", "FF", "CARRY", "DSP", "BRAM18")
GROWTH = 1.03
SEEDS = (1, 2, 3)
# LUTs of a memory of LUTs stand apart; inverters go into what they drive.
CELLS = ((r"LUT[1-6]$", "LUT", 1), (r"RAM(32M|64M|128X1D)$", "LUTRAM", 4), (r"SRL", "LUTRAM", 1),
         (r"RAM(32|64)X1D$", "LUTRAM", 2), (r"FD[RSCP]E$", "FF", 1), (r"CARRY4$", "CARRY", 1),
         (r"DSP48E1$", "DSP", 1), (r"RAMB18E1$", "BRAM18", 1), (r"RAMB36E1$", "BRAM18", 2),
         (r"(INV|MUXF[78])$", None, 0))


class Peer:
    """A module of FINN: its sources, parameters, constants for inputs and first values of registers."""

    def __init__(self, folder, module, parameters, inputs=None, registers=None):
        self.folder, self.module, self.parameters = folder, module, parameters
        self.inputs, self.registers = inputs or {}, registers or {}


class Unit:
    """A module with its parameters, FINN's for the same work, and its memories: a text for a file's name."""

    def __init__(self, name, module, peer=None, dsp=False, memories=None, **parameters):
        self.name, self.module, self.peer, self.dsp, self.parameters = name, module, peer, dsp, parameters
        self.memories = memories or {}


def product(name, bits, pe, simd, acc, **style):
    return Unit(name, "assay_mvu_layer", dsp="Dsp" in style, Pe=pe, Simd=simd, RowFolds=32 // pe,
                ColumnFolds=144 // simd, InBits=bits, InSigned=0, WeightBits=bits, AccBits=acc, OutBits=acc, **style)


def thresholds(name, steps, bits, channels, pe, search):
    """Rows of rising thresholds around the middle, another for every channel."""
    rows, width, depth = channels // pe, bits + 1, steps.bit_length()
    draw = random.Random(1)
    codes = [[sorted(draw.randrange(1 << bits) for _ in range(steps)) for _ in range(pe)] for _ in range(rows)]

    def word(fields):
        return f"{sum(field << width * i for i, field in enumerate(fields)):x}\n"

    if search:
        memories = {f"thresholds_{s}.hex": "".join(
            word(lane[(2 * prefix + 1) * 2 ** (depth - 1 - s) - 1] for lane in row)
            for row in codes for prefix in range(1 << s)) for s in range(depth)}
    else:
        memories = {"thresholds.hex": "".join(word(code for lane in row for code in lane) for row in codes)}
    return Unit(name, "assay_thresholding", memories=memories, Pe=pe, InBits=bits, InSigned=1, Steps=steps,
                Search=int(search), ThresholdRows=rows, SharedThresholds=0, OutBits=depth,
                ThresholdFile='"thresholds"')


def converter(name, bits, lanes_in, lanes_out):
    peer = Peer("dwc/hdl", "dwc_axi", {"IBITS": bits * lanes_in, "OBITS": bits * lanes_out})
    return Unit(name, "assay_data_width_converter", peer, Bits=bits, InLanes=lanes_in, OutLanes=lanes_out)


# A border of one pixel around 32 x 32, as its registers are set once.
PADDING = Peer("fmpadding/hdl", "fmpadding",
               {"XCOUNTER_BITS": 6, "YCOUNTER_BITS": 6, "NUM_CHANNELS": 16, "SIMD": 8, "ELEM_BITS": 4},
               {"we": 1, "wa": 3, "wd": 32},
               {"XOn": 1, "XOff": 33, "XEnd": 33, "YOn": 1, "YOff": 33, "YEnd": 33})

UNITS = (
    product("product 4x4 in LUTs, PE 8, SIMD 16", 4, 8, 16, 16),
    product("product 4x4 in DSP blocks, PE 8, SIMD 16", 4, 8, 16, 16, Dsp=1),
    product("product 4x4, four in a DSP block, PE 8, SIMD 16", 4, 8, 16, 16, Dsp=1, DspLanes=4, DspSpacing=7),
    product("product 8x8 in DSP blocks, PE 4, SIMD 8", 8, 4, 8, 24, Dsp=1),
    product("product 8x8, two in a DSP block, PE 4, SIMD 8", 8, 4, 8, 24, Dsp=1, DspLanes=2, DspSpacing=16),
    product("product 2x2 by population count, PE 8, SIMD 16", 2, 8, 16, 12, Popcount=1),
    thresholds("thresholds, 15 steps of 16 bits, 32 channels, PE 4, by search", 15, 16, 32, 4, True),
    thresholds("thresholds, 3 steps of 12 bits, 64 channels, PE 8, by search", 3, 12, 64, 8, True),
    thresholds("thresholds, 3 steps of 12 bits, 64 channels, PE 8, by comparators", 3, 12, 64, 8, False),
    thresholds("thresholds, 1 step of 10 bits, 64 channels, PE 8, by comparators", 1, 10, 64, 8, False),
    Unit("windows, serial, 18x18x16, SIMD 4, 4 bits", "assay_convolution_input_generator", Bits=16, Height=18, Width=18,
         Folds=4, KernelH=3, KernelW=3, Depth=277),
    Unit("windows, serial, 34x34x64, SIMD 16, 4 bits, block RAM", "assay_convolution_input_generator", Bits=64,
         Height=34, Width=34, Folds=4, KernelH=3, KernelW=3, Depth=533, Block=1),
    Unit("windows, parallel, 18x18x16, 64 to 576 bits", "assay_swg_parallel", Bits=64, Height=18, Width=18, Folds=1,
         KernelH=3, KernelW=3),
    converter("converter, 4 to 16 lanes of 4 bits", 4, 4, 16),
    converter("converter, 16 to 4 lanes of 4 bits", 4, 16, 4),
    Unit("converter, 9 to 4 lanes of 4 bits", "assay_data_width_converter", Bits=4, InLanes=9, OutLanes=4),
    Unit("padding, 32x32x16, SIMD 8, 4 bits", "assay_fm_padding", PADDING, Lanes=8, ElemBits=4, Height=32, Width=32,
         Folds=2),
    Unit("FIFO, 32 of 16 bits", "assay_fifo", Bits=16, Depth=32),
)


def tool(name):
    """The program to start; from the folder of tools first."""
    folder = os.environ.get("ASSAY_FPGA_TOOLS")
    for path in ([f"{folder}/bin"] if folder else []) + [None]:
        for program in (name, f"yowasp-{name}"):
            found = shutil.which(program, path=path)
            if found:
                return found
    sys.exit(f"error: {name} is not there; install it or say in ASSAY_FPGA_TOOLS where it is")


def run(command, folder):
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} failed:\n{(result.stdout + result.stderr)[-3000:]}")


def yosys(script, folder, program=None):
    (folder / "commands.ys").write_text("\n".join(script) + "\n")
    run([program or shutil.which("yosys") or tool("yosys"), "-q", "commands.ys"], folder)


def read_ours(unit, folder):
    for name, text in unit.memories.items():
        (folder / name).write_text(text)
    values = " ".join(f"-set {name} {value}" for name, value in unit.parameters.items())
    return ([f"read_verilog -sv -defer {file}" for file in sorted(RTL.glob("*.sv"))] +
            [f"chparam {values} {unit.module}", f"hierarchy -check -top {unit.module}",
             'setattr -set rom_style "logic" m:* a:lut_rom %i',
             'setattr -set ram_style "distributed" m:* a:lut_ram %i'])


def read_peer(peer, path, folder):
    """FINN's SystemVerilog is beyond the front end of Yosys: slang's netlist of it."""
    sources = sorted((path / "finn-rtllib" / peer.folder).glob("*.sv"))
    sources = [source for source in sources if not re.search(r"(_tb|_t|template)$", source.stem)]
    if not any(source.stem == peer.module for source in sources):
        sys.exit(f"error: {path} has no finn-rtllib/{peer.folder}/{peer.module}.sv; give a checkout of FINN")
    for source in sources:  # a yosys in a sandbox sees no other folder
        shutil.copy(source, folder)
    values = " ".join(f"-G {name}={value}" for name, value in peer.parameters.items())
    script = [f"read_slang --threads 1 --ignore-assertions --ignore-initial --top {peer.module} {values} " +
              " ".join(source.name for source in sources), "proc", "flatten", f"cd {peer.module}"]
    for name, width in peer.inputs.items():  # nobody writes
        script += [f"delete -port {name}", f"connect -set {name} {width}'d0"]
    for name, value in peer.registers.items():
        script.append(f"setattr -set init 6'd{value} w:{name}")
    yosys(script + ["cd", "write_verilog -noattr peer.v"], folder, tool("yosys"))
    return [f"read_verilog {folder / 'peer.v'}", f"hierarchy -check -top {peer.module}"]


def area(script, top, dsp, folder):
    style = "" if dsp else "-nodsp "
    yosys(script + [f"synth_xilinx -family xc7 -flatten -noiopad -noclkbuf {style}-top {top}",
                    "tee -o stat.json stat -json"], folder)
    cells = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    counts = dict.fromkeys(COUNTS, 0)
    for cell, number in cells.items():
        kind = next((k for k in CELLS if re.match(k[0], cell)), None)
        if not kind:
            sys.exit(f"error: cell {cell} is not known; add it to CELLS")
        if kind[1]:
            counts[kind[1]] += kind[2] * number
    return counts


def shell(top, folder, clock):
    """The module between registers, as Verilog, by the ports that Yosys sees."""
    ports = json.loads((folder / "ports.json").read_text())["modules"][top]["ports"]
    lines, pins = [f"input {clock}"], [f".{clock}({clock})"]
    registers = []
    for name, port in ports.items():
        if name == clock:
            continue
        size = f"[{len(port['bits']) - 1}:0]"
        takes = port["direction"] == "input"
        lines.append(f"{port['direction']} {size} {name}")
        pins.append(f".{name}({name}_r)" if takes else f".{name}({name}_w)")
        value = name if takes else f"{name}_w"
        registers.append(f"  reg {size} {name}_r; always @(posedge {clock}) {name}_r <= {value};")
        if not takes:
            registers.append(f"  wire {size} {name}_w; assign {name} = {name}_r;")
    text = [f"module shell ({', '.join(lines)});"] + registers + [f"  {top} dut ({', '.join(pins)});", "endmodule"]
    (folder / "shell.v").write_text("\n".join(text) + "\n")


def ends(report, clock):
    """The registers or memories between which the slowest path lies."""
    paths = [p for p in report["critical_paths"] if re.sub(r"^posedge ", "", p["from"]) == clock and
             p["from"] == p["to"]]
    steps = max(paths, key=lambda path: sum(step["delay"] for step in path["path"]))["path"]
    names = (steps[0]["from"]["cell"], steps[-1]["to"]["cell"])
    return " to ".join(re.sub(r"^dut\.|_(TRELLIS_|CCU2C|LUT4|PFUMX|L6MUX|DP16KD|MULT18).*$", "", n) for n in names)


def megahertz(script, top, folder):
    """The median clock of the module between registers, out of context on an LFE5U-25F, speed 6, and
    the ends of its slowest path."""
    yosys(script + ["proc", "write_json ports.json"], folder)
    ports = json.loads((folder / "ports.json").read_text())["modules"][top]["ports"]
    shell(top, folder, next(name for name in ports if name in ("clk_i", "ap_clk")))
    yosys(script + ["read_verilog shell.v", "hierarchy -check -top shell",
                    "synth_ecp5 -nodsp -top shell -json shell.json"], folder)
    clocks = []
    for seed in SEEDS:
        run([tool("nextpnr-ecp5"), "--25k", "--speed", "6", "--out-of-context", "--json", "shell.json", "--seed",
             str(seed), "--freq", "200", "--timing-allow-fail", "--report", "report.json"], folder)
        report = json.loads((folder / "report.json").read_text())
        clock, fmax = min(report["fmax"].items(), key=lambda entry: entry[1]["achieved"])
        clocks.append((fmax["achieved"], ends(report, clock)))
    median = statistics.median_low(clocks)
    return round(median[0]), median[1]


def measured(script, top, dsp, clock):
    """`script(folder)` reads the design."""
    with tempfile.TemporaryDirectory(prefix="assay-area-") as name:
        folder = pathlib.Path(name)
        commands = script(folder)
        counts = area(commands, top, dsp, folder)
        if clock:
            counts["MHz"], counts["path"] = megahertz(commands, top, folder)
    return counts


def stored(baseline):
    if not baseline.is_file():
        return {}
    header, *lines = [line.split("\t") for line in baseline.read_text().splitlines()]
    return {line[0]: {name: int(value) for name, value in zip(header[1:], line[1:]) if value != "-"} for line in lines}


def store(table, baseline):
    columns = COUNTS + ("MHz",)  # - where it was not measured
    lines = ["\t".join(("unit",) + columns)]
    lines += ["\t".join([name] + [str(table[name].get(column, "-")) for column in columns]) for name in table]
    baseline.write_text("\n".join(lines) + "\n")


def worse(counts, before):
    """What it takes more of than before, and by more than is allowed, or that it is slower by that."""
    faults = [f"{count} {before[count]} -> {counts[count]}" for count in COUNTS if counts[count] > GROWTH * before[count]]
    if GROWTH * counts.get("MHz", before.get("MHz", 0)) < before.get("MHz", 0):
        faults.append(f"MHz {before['MHz']} -> {counts['MHz']}")
    return faults


def show(name, counts):
    print("| " + " | ".join([name] + [str(value) for value in counts.values()]) + " |", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="TEXT", default="")
    parser.add_argument("--clock", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--baseline", metavar="FILE", type=pathlib.Path, default=HERE / "baseline.tsv")
    parser.add_argument("--peer", metavar="FINN", type=pathlib.Path)
    return parser.parse_args()


def main():
    options = parse()
    units = [unit for unit in UNITS if options.only in unit.name]
    if not units:
        sys.exit(f"error: no unit is called '{options.only}'; the names are: {'; '.join(u.name for u in UNITS)}")
    before, table, faults = stored(options.baseline), {}, []
    columns = ("unit",) + COUNTS + (("MHz", "path") if options.clock else ())
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for unit in units:
        counts = measured(lambda folder, unit=unit: read_ours(unit, folder), unit.module, unit.dsp, options.clock)
        table[unit.name] = counts
        show(unit.name, counts)
        if options.peer and unit.peer:
            show("FINN", measured(lambda folder, unit=unit: read_peer(unit.peer, options.peer.resolve(), folder),
                                  unit.peer.module, unit.dsp, options.clock))
        if options.update:
            continue
        if unit.name not in before:
            faults.append(f"{unit.name}: not in {options.baseline}; store it with --update")
        else:
            faults += [f"{unit.name}: {fault}" for fault in worse(counts, before[unit.name])]
    if options.update:
        before.update({name: before.get(name, {}) | counts for name, counts in table.items()})
        store({unit.name: before[unit.name] for unit in UNITS if unit.name in before}, options.baseline)
    for fault in faults:
        print(f"worse than before: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "compile/base/file.h"
#include "compile/base/hash.h"

/// What a machine with Vivado would leave of a project, in texts of our own.
namespace assay::vivado_results {

inline std::string utilisation(const std::string& device = "xc7z020clg400-1") {
  return fmt::format(R"(Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
-----------------------------------------------------------------------
| Tool Version : Vivado v.2022.2 (lin64) Build 3671981
| Design       : system_wrapper
| Device       : {}
| Design State : Routed
-----------------------------------------------------------------------

1. Slice Logic
--------------

+----------------------------+------+-------+------------+-----------+-------+
|          Site Type         | Used | Fixed | Prohibited | Available | Util% |
+----------------------------+------+-------+------------+-----------+-------+
| Slice LUTs                 | 1339 |     0 |          0 |     53200 |  2.52 |
|   LUT as Logic             | 1214 |     0 |          0 |     53200 |  2.28 |
|   LUT as Memory            |  125 |     0 |          0 |     17400 |  0.72 |
|     LUT as Distributed RAM |  100 |     0 |            |           |       |
| Slice Registers            | 2103 |     0 |          0 |    106400 |  1.98 |
+----------------------------+------+-------+------------+-----------+-------+
* Warning! The Final LUT count is approximate.

2. Memory
---------

+-------------------+------+-------+------------+-----------+-------+
|     Site Type     | Used | Fixed | Prohibited | Available | Util% |
+-------------------+------+-------+------------+-----------+-------+
| Block RAM Tile    |  2.5 |     0 |          0 |       140 |  1.79 |
+-------------------+------+-------+------------+-----------+-------+
)",
                     device);
}

inline std::string hierarchy(const std::string& layer) {
  return fmt::format(
      R"(| Device       : xc7z020clg400-1

1. Utilization by Hierarchy
---------------------------

+--------------------+----------------+------------+------------+---------+------+------+--------+--------+------------+
|      Instance      |     Module     | Total LUTs | Logic LUTs | LUTRAMs | SRLs |  FFs | RAMB36 | RAMB18 | DSP Blocks |
+--------------------+----------------+------------+------------+---------+------+------+--------+--------+------------+
| system_wrapper     |          (top) |       1339 |       1214 |     100 |   25 | 2103 |      2 |      1 |          3 |
|   accelerator0     |   accelerator0 |        339 |        300 |      30 |    9 |  203 |      1 |      1 |          3 |
|     {:15}|    assay_layer |        111 |        100 |      11 |    0 |   90 |      1 |      1 |          2 |
+--------------------+----------------+------------+------------+---------+------+------+--------+--------+------------+
)",
      layer);
}

inline std::string timing(const std::string& setup = "0.417", const std::string& hold = "0.018",
                          int failing = 0, const std::string& pulse = "3.750",
                          int failing_pulses = 0) {
  return fmt::format(
      R"(| Tool Version      : Vivado v.2022.2
| Design            : system_wrapper
| Device            : 7z020-clg400
| Speed File        : -1  PRODUCTION 1.12 2019-11-22

------------------------------------------------------------------------------------------------
| Design Timing Summary
| ---------------------
------------------------------------------------------------------------------------------------

    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)  THS Failing Endpoints  THS Total Endpoints     WPWS(ns)     TPWS(ns)  TPWS Failing Endpoints  TPWS Total Endpoints  
    -------      -------  ---------------------  -------------------      -------      -------  ---------------------  -------------------     --------     --------  ----------------------  --------------------  
      {}        0.000                      {}                23456        {}        0.000                      0                23456        {}        0.000                       {}                  8462  
)",
      setup, failing, hold, pulse, failing_pulses);
}

inline std::string field(char letter, const std::string& text) {
  const std::size_t size = text.size() + 1;
  return std::string({letter, static_cast<char>(size / 256), static_cast<char>(size % 256)}) +
         text + '\0';
}

inline std::string bitfile(const std::string& part = "7z020clg400", std::uint8_t bytes = 200) {
  std::string head("\0\x09\x0f\xf0\x0f\xf0\x0f\xf0\x0f\xf0\0\0\x01", 13);
  head += field('a', "system_wrapper;UserID=0XFFFFFFFF") + field('b', part) +
          field('c', "2024/01/31") + field('d', "12:00:00");
  return head + std::string("e\0\0\0", 4) + static_cast<char>(bytes) + std::string(bytes, '\xaa');
}

/// A head whose length is right, and so many bytes behind it.
inline std::string xclbin(std::uint8_t bytes = 100) {
  constexpr std::size_t kLength = 304;
  std::string text("xclbin2\0", 8);
  text.resize(kLength + 8 + bytes);
  text[kLength] = static_cast<char>(text.size() % 256);
  text[kLength + 1] = static_cast<char>(text.size() / 256);
  return text;
}

inline constexpr const char* kHandoff =
    "<?xml version=\"1.0\"?>\n<EDKSYSTEM VERSION=\"1.2\"></EDKSYSTEM>\n";

/// With the hash of every file that is there, as build.sh writes it.
inline void sum_up(const std::filesystem::path& folder) {
  std::string sums;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name != "SHA256SUMS" && entry.is_regular_file() && !entry.is_symlink())
      sums += sha256(read_file(entry.path())) + "  " + name + "\n";
  }
  write_file(folder / "SHA256SUMS", sums);
}

/// The netlist of a project's accelerator, as Yosys makes it of the packaged IP.
inline std::string netlist_of(const std::filesystem::path& project,
                              const std::filesystem::path& work) {
  std::filesystem::create_directories(work);
  for (const auto& entry : std::filesystem::directory_iterator(project / "ip/accelerator/hdl"))
    std::filesystem::copy(entry.path(), work / entry.path().filename(),
                          std::filesystem::copy_options::overwrite_existing);
  std::string script;
  for (const auto& entry : std::filesystem::directory_iterator(work))
    if (entry.path().extension() == ".sv" || entry.path().extension() == ".v")
      script += "read_verilog -sv -defer " + entry.path().filename().string() + "\n";
  write_file(work / "netlist.ys",
             script +
                 "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -nosrl -nodsp -top "
                 "assay_accelerator\nwrite_verilog -noexpr -noattr netlist.v\n");
  const std::string command = "cd '" + work.string() + "' && yosys -q netlist.ys >yosys.log 2>&1";
  if (std::system(command.c_str()) != 0) throw std::runtime_error(read_file(work / "yosys.log"));
  return read_file(work / "netlist.v");
}

/// All of it, as build.sh's folder results has it; without a netlist.
inline void leave(const std::filesystem::path& project, const std::filesystem::path& folder,
                  const std::string& layer) {
  std::filesystem::create_directories(folder);
  write_file(folder / "identity.json", read_file(project / "identity.json"));
  write_file(folder / "utilization.rpt", utilisation());
  write_file(folder / "hierarchy.rpt", hierarchy(layer));
  write_file(folder / "timing.rpt", timing());
  write_file(folder / "assay.bit", bitfile());
  write_file(folder / "assay.hwh", kHandoff);
  sum_up(folder);
}

}  // namespace assay::vivado_results

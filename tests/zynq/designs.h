// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "base/temp_dir.h"
#include "compile/backend/zynq/check.h"
#include "compile/backend/zynq/project.h"
#include "compile/base/process.h"
#include "top/rig.h"

/// Projects of small accelerators.
namespace assay::zynq::test {

inline const std::string kHash = "00112233445566778899aabbccddeeff7e7d7e7d5e5d0000ffffffff12345678";

/// A project and the graph that it is of.
struct Design {
  explicit Design(Graph of, std::string_view board = "Pynq-Z1", double clock_mhz = 100)
      : graph(std::move(of)) {
    const DataflowPartition partition = dataflow_partitions(graph).at(0);
    rtl = stitch({"accelerator", partition.nodes, partition.inputs, partition.outputs});
    spec = {hw::find_board(board), clock_mhz, &rtl, kHash};
    project = vivado_project(spec);
  }
  Design(const Design&) = delete;
  Design& operator=(const Design&) = delete;

  const std::string& text(std::string_view name) const {
    for (const NodeRtl::File& file : project.files)
      if (file.name == name) return file.text;
    throw std::runtime_error("the project has no " + std::string(name));
  }
  /// Replaces text in a file; throws where it is not there.
  void patch(const std::string& name, const std::string& from, const std::string& to) {
    for (NodeRtl::File& file : project.files) {
      const std::size_t at = file.text.find(from);
      if (file.name != name) continue;
      if (at == std::string::npos) throw std::runtime_error(name + " has no " + from);
      file.text.replace(at, from.size(), to);
      return;
    }
    throw std::runtime_error("the project has no " + name);
  }

  Graph graph;
  StitchedRtl rtl;
  ProjectSpec spec;
  Project project;
};

inline void write_project(const Project& project, const TempDir& dir) {
  for (const NodeRtl::File& file : project.files) {
    std::filesystem::create_directories((dir.path() / file.name).parent_path());
    dir.write(file.name, file.text);
  }
}

/// Where `dir` has the project, what the mock says of its scripts; "" where it is content.
inline std::string mock_says(const Project& project) {
  const TempDir dir;
  write_project(project, dir);
  const auto faults = script_faults(project, dir.path(), find_program("tclsh", "tcl"));
  return faults.empty() ? "" : faults.front();
}

inline bool has_program(const char* name) {
  try {
    find_program(name, name);
    return true;
  } catch (const ToolError&) {
    return false;
  }
}

/// An accelerator of two inputs and two outputs of different widths: x [1,8] in 3 bits and y [1,6] in 9.
inline Graph two_by_two() {
  top::Builder b;
  Tensor* x = b.input("x", {1, 8}, DataType::uint(3));
  Tensor* y = b.input("y", {1, 6}, DataType::uint(9));
  return b.finish({b.fifo("first", x, 8), b.fifo("second", y, 8)});
}

/// Two memories that a host writes: of layer `name`, and of one behind it. x [1,8] in 3 bits.
inline Graph writable_steps(const std::string& name = "first") {
  top::Builder b;
  hw::Thresholding op;
  op.levels.out_dtype = DataType::uint(2);
  op.runtime_writeable_weights = true;
  Tensor* x = b.input("image", {1, 8}, DataType::uint(3));
  x = b.add(name, op, {x, b.constant({1, 3}, {1, 3, 5}, DataType::uint(4))}, DataType::uint(2));
  x = b.add("second", op, {x, b.constant({1, 3}, {1, 2, 3}, DataType::uint(3))}, DataType::uint(2));
  return b.finish({x});
}

}  // namespace assay::zynq::test
